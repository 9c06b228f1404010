"""Letters with text and HTML from the outbox to a mail server, beside smtplib alone and django-post_office."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import count as numbers
from typing import TYPE_CHECKING, Any

from benchmarks import exits, outgoing, product
from benchmarks.goals import Line
from benchmarks.harness import Slice, Spread, alternate, progress
from benchmarks.peers.client import Process, post_office, with_our_packages
from benchmarks.report import Report
from benchmarks.sinks.client import SmtpSink

if TYPE_CHECKING:
    from channels_delivery.models import Channel

HOST = exits.HOSTS[0]


@dataclass(frozen=True, slots=True)
class Size:
    letters: int
    tenants: int
    rounds: int
    settings: tuple[tuple[int, int], ...]
    """(processes, threads) of django-post_office that are tried."""


FULL = Size(letters=1_500, tenants=10, rounds=15, settings=((1, 1), (1, 2), (1, 5), (1, 10), (2, 1), (2, 5)))
QUICK = Size(letters=200, tenants=10, rounds=2, settings=((1, 1), (1, 5), (2, 1)))


def measure(*, quick: bool) -> Report:
    size = QUICK if quick else FULL
    product.fresh_site()
    exits.certificate()
    channels = with_channels(size.tenants)
    outgoing.settle()
    letter = words()
    with (
        SmtpSink(exits.SMTP, HOST) as sink,
        with_our_packages("plain_smtplib") as plain,
        post_office() as office,
    ):
        where = {"host": HOST, "port": exits.SMTP, "letter": letter}
        plain.ask(do="setup", **where)
        versions = office.ask(do="setup", **where)
        best, tried = best_of(office, size)
        ours = Ours(channels, letter, size.letters, sink)
        sides = {"outbox": ours.side, "smtplib": plain.slice(count=size.letters), "post_office": office.slice(**best)}
        done = alternate(sides, rounds=size.rounds)
    lines = []
    work = "letters with text and HTML from the outbox to a mail server"
    per_letter = ours.connections / ours.letters
    goals = [("smtplib", "smtplib on one kept connection, making the same multipart", 0.7)]
    goals += [("post_office", "django-post_office at its best setting", 1.0)]
    for peer, against, goal in goals:
        detail = f"{done.rate('outbox').median:,.0f}/s against {done.rate(peer).median:,.0f}"
        ratio, control = done.rate_ratio("outbox", peer), done.control("outbox")
        lines.append(Line(f"mail.{peer}", work, against, "at least", goal, ratio, control, detail=detail))
    lines.append(
        Line(
            "mail.connections",
            f"connections of {ours.letters:,} letters by {size.tenants} tenants",
            "letters / 100",
            "at most",
            1,
            Spread.of([per_letter * 100]),
            detail=f"{ours.connections:,} connections",
        )
    )
    counts = {
        "django-post_office, letters/s by (processes, threads)": tried,
        "its best": best,
        "bytes of text and of HTML": [len(letter["text"]), len(letter["html"])],
        "on record at the end": outgoing.on_record(),
        **versions,
    }
    return Report("mail", lines, counts=counts, rounds={"mail": done.as_json()})


def best_of(office: Process, size: Size) -> tuple[dict[str, Any], dict[str, float]]:
    """The setting of django-post_office that sends most, of those that are tried: all letters in one batch, and in
    batches of its default of 100."""
    tried: dict[str, float] = {}
    found: dict[float, dict[str, Any]] = {}
    for processes, threads in size.settings:
        for batch in (size.letters, 100):
            given = {"count": size.letters, "processes": processes, "threads": threads, "batch": batch}
            rate = office.slice(**given)().rate
            tried[f"{processes} × {threads}, batches of {batch}"] = round(rate)
            found[rate] = given
            progress(f"  django-post_office, {processes} × {threads}, batches of {batch}: {rate:,.0f}/s")
    return found[max(found)], tried


def words() -> dict[str, str]:
    """The parts of a letter, as the engine has them made."""
    from datetime import UTC, datetime

    from channels_delivery.backend import Words
    from channels_delivery.backends import backends
    from notifications.content import Action, Content

    content = Content(
        title="Session was escalated",
        body="A person is waiting for an answer: waits for 20 minutes.\n\n" + "What was said until now. " * 20,
        url="https://hub.example.com/sessions/1",
        actions=(Action("Answer", "https://hub.example.com/sessions/1/answer"),),
    )
    return dict(backends()["email"].compose(Words(content=content, at=datetime.now(UTC), tenant="Acme")))


def with_channels(tenants: int) -> list[Channel]:
    """A tenant each, with a channel to the mail server."""
    from channels_delivery.models import Channel

    settings = {"host": HOST, "port": exits.SMTP, "security": "none", "from": "hub@acme.example"}
    owners = [product.add_tenant(f"mail-{n}") for n in range(tenants)]
    return [Channel.objects.create(tenant=one, kind="email", name="server", settings=settings) for one in owners]


class Ours:
    """Our side, and how many letters it sent by how many connections."""

    def __init__(self, channels: list[Channel], letter: dict[str, str], count: int, sink: SmtpSink) -> None:
        self._channels, self._letter, self._count, self._sink = channels, letter, count, sink
        self._numbers = numbers()
        self.letters = self.connections = 0

    def side(self) -> Slice:
        """What is in the outbox already, until all of it is handed over and on record. Enqueueing is not timed."""
        from channels_delivery.courier import drain

        self._enqueue()
        before, seen = outgoing.on_record(), self._sink.seen()
        start = time.perf_counter()
        drain()
        seconds = time.perf_counter() - start
        after, now = outgoing.on_record(), self._sink.seen()
        grown = {what: after.get(what, 0) - before.get(what, 0) for what in ("attempts", "accepted")}
        assert grown == {"attempts": self._count, "accepted": self._count}, f"on record: {grown}"
        assert now["letters"] - seen["letters"] == self._count, "the server did not get each once"
        self.letters += self._count
        self.connections += int(now["connections"] - seen["connections"])
        return Slice(self._count, seconds)

    def _enqueue(self) -> None:
        from channels_delivery.outbox import Address, Letter, Way

        outgoing.put(
            Letter(
                channel.tenant_id,
                "email",
                "bench.session_escalated",
                parts={**self._letter, "subject": f"{self._letter['subject']} {number}"},
                to=[Address(f"person-{number}@example.com")],
                way=Way("mail"),
                channel=channel.pk,
            )
            for number in (next(self._numbers) for _ in range(self._count))
            for channel in [self._channels[number % len(self._channels)]]
        )
