"""The cast of the tests, and the few moves that every scene needs.

Alice runs Acme, Bob works there; Mallory owns Globex, so what she cannot reach is out of reach for any stranger.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from notifications import inbox
from notifications.content import Content
from notifications.kernel import rowset
from notifications.kernel.clock import db_now
from notifications.models import ApiKey, InboxItem, Recipient, Role, State, Subscription, Tenant, Topic
from workflows import registry
from workflows.define import StepSettings, Workflow, send_inbox
from workflows.definition import forget_stored
from workflows.models import Chunk, Cohort, Outcome, Run
from workflows.people import People

Publish = Callable[[Workflow], Workflow]


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """A process believes that definitions stay stored; between tests the database is emptied beneath it."""
    forget_stored()


@pytest.fixture
def acme(db: None) -> Tenant:
    return Tenant.objects.create(slug="acme", name="Acme")


@pytest.fixture
def globex(db: None) -> Tenant:
    return Tenant.objects.create(slug="globex", name="Globex")


@pytest.fixture
def alice(acme: Tenant) -> Recipient:
    return member(acme, "alice", role=Role.ADMIN)


@pytest.fixture
def bob(acme: Tenant) -> Recipient:
    return member(acme, "bob")


@pytest.fixture
def mallory(globex: Tenant) -> Recipient:
    return member(globex, "mallory", role=Role.OWNER)


@pytest.fixture
def as_alice(alice: Recipient) -> APIClient:
    return signed_in(alice)


@pytest.fixture
def as_bob(bob: Recipient) -> APIClient:
    return signed_in(bob)


@pytest.fixture
def as_mallory(mallory: Recipient) -> APIClient:
    return signed_in(mallory)


@pytest.fixture
def publish(db: None) -> Iterator[Publish]:
    """Publish static workflows for the length of a test."""
    keys: list[str] = []

    def _publish(workflow: Workflow) -> Workflow:
        assert registry.register(workflow), registry.problems()
        keys.append(workflow.key)
        return workflow

    yield _publish
    for key in keys:
        registry.unregister(key)


@pytest.fixture
def hello(publish: Publish) -> Workflow:
    """The plainest workflow: one item in the inbox, the same for everybody."""
    return publish(workflow("hello", send_inbox(title="Hello {{ payload.name }}")))


def workflow(key: str, *steps: StepSettings, **given: Any) -> Workflow:
    return Workflow(key=key, name=given.pop("name", key.title()), steps=steps, **given)


def member(tenant: Tenant, name: str, *, role: str = Role.MEMBER, **given: Any) -> Recipient:
    """A person of this tenant who can sign in."""
    user = get_user_model().objects.create_user(username=f"{name}@{tenant.slug}", password="secret")
    return Recipient.objects.create(tenant=tenant, user=user, external_id=name, name=name.title(), role=role, **given)


def crowd(tenant: Tenant, size: int, *, prefix: str = "p", **given: Any) -> list[Recipient]:
    """Many people, without users."""
    people = [
        Recipient(tenant=tenant, external_id=f"{prefix}{n}", name=f"{prefix.title()} {n}", **given) for n in range(size)
    ]
    return Recipient.objects.bulk_create(people)


def topic(tenant: Tenant, key: str, *followers: Recipient) -> Topic:
    found = Topic.objects.create(tenant=tenant, key=key)
    Subscription.objects.bulk_create(Subscription(topic=found, recipient=one) for one in followers)
    return found


def api_key(tenant: Tenant, *scopes: str, **given: Any) -> str:
    """The plain text of a new key."""
    return ApiKey.issue(tenant=tenant, name="test", scopes=scopes, **given)[1]


def signed_in(person: Recipient, **given: Any) -> APIClient:
    client = APIClient(**given)
    client.force_login(person.user)
    return client


def with_key(plain: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {plain}")
    return client


def run_named(transaction_id: str) -> Run:
    return Run.objects.across_tenants().get(transaction_id=transaction_id)


def wake_everybody() -> None:
    """Let the time of all who sleep have come."""
    asleep = Cohort.objects.across_tenants().filter(open=True, lease_token__isnull=True)
    asleep.update(wake_at=db_now() - timedelta(seconds=1))


def titles(person: Recipient | int, *, state: State = State.ACTIVE) -> list[str]:
    """What lies in an inbox, newest first."""
    key = person if isinstance(person, int) else person.pk
    items = InboxItem.objects.filter(recipient_id=key, state=state).order_by("-seq")
    return list(items.values_list("notification__title", flat=True))


def items_of(run: Run) -> dict[int, int]:
    """How many items this run put into each inbox, whatever became of them."""
    found: dict[int, int] = {}
    for person in InboxItem.objects.filter(notification__origin=run.public_id).values_list("recipient_id", flat=True):
        found[person] = found.get(person, 0) + 1
    return found


def outcomes(run: Run, *, final: bool | None = None) -> dict[str, set[int]]:
    """Who is on record with which reason, by recipient id."""
    chunks = {chunk.pk: chunk for chunk in chunks_of(run)}
    found: dict[str, set[int]] = {}
    for outcome in Outcome.objects.filter(chunk__in=chunks):
        if final is None or outcome.final is final:
            chunk = chunks[outcome.chunk_id]
            places = People.load(outcome.mask) & chunk.people_of(run.pk)
            found.setdefault(outcome.reason, set()).update(chunk.people[place] for place in places)
    return {reason: people for reason, people in found.items() if people}


def chunks_of(run: Run) -> list[Chunk]:
    everyone = Chunk.objects.across_tenants()
    return list(everyone.filter(Q(run=run) | Q(pk=run.chunk_id)).order_by("pk"))


class _UndoneError(Exception):
    pass


@contextmanager
def rolled_back() -> Iterator[None]:
    """A transaction, or a savepoint, of a caller that ends badly."""
    with suppress(_UndoneError), transaction.atomic():
        yield
        raise _UndoneError


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements of a block, without the savepoints that a transaction around a test turns commits into."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield found
    said = [one["sql"].removeprefix(f"{rowset.BY_INDEX}; ") for one in captured]
    found += [sql for sql in said if not sql.startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))]


def drop(person: Recipient, title: str, **content: Any) -> Any:
    """Put an item into an inbox; its public id."""
    one = inbox.Post(person.tenant_id, "test.note", Content(title, **content), [person.pk])
    return inbox.post([one], now=db_now())[0]
