"""The outbox under fault: a database of its own, hands to kill, a receiver that keeps count, and the books."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db.models import F

from channels_delivery import outbox
from channels_delivery.models import Attempt, Channel, Delivery, Lane, Lease
from channels_delivery.outbox import Address, Letter, Way
from notifications.kernel.clock import db_now
from notifications.models import Sweep, Tenant
from tests.channels_delivery.webhooks import OLD

from .cluster import Cluster
from .hands import Hand, Nursery
from .reckoning import Books, Promise, Reckoning, reckon
from .rig import celery_worker, wait_for
from .sink import Sink


@dataclass
class Rig:
    cluster: Cluster
    nursery: Nursery
    sink: Sink
    settings: Mapping[str, Any]
    """CHANNELS_DELIVERY, of this process and of the hands."""
    apply: Callable[[Mapping[str, Any]], None]
    name: str
    books: Books = field(default_factory=Books)
    hooks: dict[int, Channel] = field(default_factory=dict)

    @property
    def patient(self) -> Mapping[str, Any]:
        """Settings for a hand that waits for its receivers as long as in production."""
        return {name: value for name, value in self.settings.items() if name != "BACKENDS"}

    def set(self, **given: Any) -> None:
        """Change CHANNELS_DELIVERY for this process, and for hands that are made from now on."""
        self.settings = {**self.settings, **given}
        self.apply(self.settings)

    def allow(self, origin: str) -> None:
        self.set(ALLOW_ORIGINS=[*self.settings["ALLOW_ORIGINS"], origin])

    def tenant(self, slug: str = "acme") -> Tenant:
        """A tenant with a way out."""
        made = Tenant.objects.create(slug=slug, name=slug.title())
        channel = Channel.objects.create(tenant=made, kind="webhook", name="hook", secrets={"signing": [OLD]})
        self.hooks[made.pk] = channel
        return made

    def tenants(self, count: int) -> list[Tenant]:
        return [self.tenant(f"t{number}") for number in range(count)]

    def letter(self, tenant: Tenant, *paths: str, at: str = "", body: Any = None, **given: Any) -> Letter:
        """To these paths of the sink, or of whatever stands `at` another origin."""
        to = [Address(f"{at or self.sink.origin}{path}") for path in paths]
        given = {"way": Way("out"), "origin": uuid.uuid4(), "channel": self.hooks[tenant.pk].pk} | given
        parts = {"body": {"type": "test.note", "paths": list(paths)} if body is None else body}
        return Letter(tenant.pk, "webhook", "test.note", parts=parts, to=to, **given)

    def enqueue(self, *letters: Letter) -> None:
        outbox.enqueue_many(letters, now=db_now())
        self.enter(*letters)

    def enter(self, *letters: Letter) -> None:
        """Into the books: these were accepted."""
        for letter in letters:
            assert letter.origin is not None
            self.books.promises += [Promise(letter.origin, letter.origin_step, to.address) for to in letter.to]

    def post(self, tenant: Tenant, *paths: str, **given: Any) -> uuid.UUID:
        """One letter; its origin."""
        letter = self.letter(tenant, *paths, **given)
        self.enqueue(letter)
        assert letter.origin is not None
        return letter.origin

    def mail(self, tenant: Tenant, person: str, *, parts: Mapping[str, Any], **given: Any) -> None:
        """A letter to one mailbox."""
        self.enqueue(Letter(tenant.pk, "email", "test.note", parts, [Address(person)], origin=uuid.uuid4(), **given))

    def load(self, count: int, *, tenants: Sequence[Tenant], endpoints: int = 3, cap: int = 8, **given: Any) -> None:
        """So many letters, spread over tenants and their endpoints."""
        letters = []
        for number in range(count):
            tenant, way = tenants[number % len(tenants)], Way(f"e{number % endpoints}", cap=cap)
            letters.append(self.letter(tenant, f"/{tenant.slug}/{number}", way=way, **given))
        for start in range(0, count, 100):
            self.enqueue(*letters[start : start + 100])

    def cancel(self, origin: uuid.UUID) -> tuple[int, int]:
        answer = outbox.cancel(origin=origin, now=db_now())
        mine = Delivery.objects.across_tenants().filter(origin=origin).values("pk")
        self.books.cancels[origin] = Attempt.objects.filter(delivery_id__in=mine).count()
        return answer

    @contextmanager
    def hands(self, count: int, **given: Any) -> Iterator[list[Hand]]:
        with self.nursery.hands(count, self.settings, **given) as crew:
            yield crew

    def celery(self, broker: str, log: Path) -> AbstractContextManager[subprocess.Popen[bytes]]:
        """The worker for deliveries as its users start it, with the leases of production."""
        return celery_worker(
            broker,
            log,
            queues="delivery,bulk",
            DJANGO_SETTINGS_MODULE="tests.faults.settings",
            NOTIFYHUB_FAULTS=json.dumps(self.settings),
        )

    def kill(self, crew: Sequence[Hand]) -> None:
        """All of them at once, so that whatever is in `sending` afterwards was hit."""
        for hand in crew:
            hand.kill()
        self.books.kills += 1
        self.books.hits += rows().filter(state="sending").exists()

    def reckon(self) -> Reckoning:
        """Once all has come to an end. No promise may be broken."""
        found = reckon(self.books, self.sink, name=self.name)
        assert not found.broken, "\n".join(found.broken[:20])
        return found

    def wait_until_settled(self, *, seconds: float = 120) -> None:
        wait_for(lambda: not rows().filter(finished_at=None).exists(), seconds=seconds)

    def wait_in_spite_of_breakers(self, *, seconds: float = 120) -> None:
        """The same, with no lane closed for longer than a moment."""

        def settled() -> bool:
            open_lanes()
            return not rows().filter(finished_at=None).exists()

        wait_for(settled, seconds=seconds)


def open_lanes() -> None:
    """As if the time had passed for which a breaker, or a receiver, keeps them closed."""
    Lane.objects.across_tenants().filter(open_at__isnull=False).update(open_at=None, ready_at=db_now())


def rows() -> Any:
    return Delivery.objects.across_tenants().order_by("pk")


def states() -> dict[str, int]:
    return dict(Counter(rows().values_list("state", flat=True)))


def ended() -> int:
    return int(rows().filter(finished_at__isnull=False).count())


def let_leases_end() -> None:
    """For processes that hold as long as in production: what dead ones held is looked for now."""
    rows().filter(state="sending").update(lease_until=F("lease_until") - timedelta(minutes=1))
    Lease.objects.update(until=F("until") - timedelta(minutes=1))
    Sweep.objects.update(due_at=db_now())
