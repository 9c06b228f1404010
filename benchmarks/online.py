"""Who is online: a server, an audience with a socket for each person, and what both took while something was said.

Our people open their sockets with a ticket, as the page of another origin does; those of other servers just come.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from . import product
from .harness import Side, Slice
from .peers.client import Process, with_our_packages
from .report import RESULTS
from .sinks.client import Audience
from .web import PORT, Server, web

if TYPE_CHECKING:
    from notifications.models import Tenant

FOLDER = RESULTS.parent / "var"

ITEM, TOAST = '{"type": "item"', '{"type": "toast"'
"""How the frames begin that are counted."""

LONG = timedelta(hours=6)
"""For which tickets and tokens hold, so that none ends while it is measured."""

Say = Callable[[], float]
"""Says something to everybody, and answers with the moment when that began."""


@dataclass
class Online:
    """Of each slice: what share of a core audience and server took, and how many frames were lost."""

    server: Server
    audience: Audience
    people: int
    audience_share: list[float] = field(default_factory=list)
    server_share: list[float] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)

    def received(self, say: Say, *, wanted: str = ITEM) -> Side:
        """A side: from when it began to say something until the last frame was received. Nobody gets two."""

        def side() -> Slice:
            before = self.server.seconds()
            self.audience.expect(wanted, self.people)
            began = say()
            seen = self.audience.ended()
            if seen.frames != seen.sockets or not seen.frames:
                raise SystemExit(f"{seen.frames} frames came to {seen.sockets} sockets")
            took = seen.last - began
            self.audience_share.append(seen.processor / took)
            self.server_share.append((self.server.seconds() - before) / took)
            self.lost.append(self.people - seen.frames)
            return Slice(seen.frames, took)

        return side

    def sample(self, say: Say, *, wanted: str = ITEM) -> str:
        """A frame of ours: the others send the very same text."""
        self.audience.expect(wanted, self.people)
        say()
        return self.audience.ended(patience=10).sample

    def told(self, slices: int) -> Mapping[str, object]:
        """Of the last slices; the warm-up came before them."""
        return {
            "the audience's share of a core": f"{sum(self.audience_share[-slices:]) / slices:.0%}",
            "the server's": f"{sum(self.server_share[-slices:]) / slices:.0%}",
            "lost of each slice": self.lost[-slices:],
        }

    def must_not_lose(self) -> None:
        if any(self.lost):
            raise SystemExit(f"frames of ours were lost: {self.lost}")


@contextmanager
def ours(tenant: Tenant) -> Iterator[Online]:
    """Our web process, with everybody of this tenant online."""
    people = product.people_of(tenant)
    with web(port=PORT, log=FOLDER / "live-web.log") as server, Audience() as audience:
        come(audience, PORT, tenant, people)
        yield Online(server, audience, len(people))


@contextmanager
def anybody(server: Server, people: int) -> Iterator[Online]:
    """Another server, with so many people online."""
    with server, Audience() as audience:
        audience.open(server.port, [""] * people)
        yield Online(server, audience, people)


def channels(layer: str, *, port: int, group: str) -> Server:
    """A bare consumer on this layer, or on none, started as our web process is."""
    given = {"PEER_LAYER": layer, "PEER_GROUP": group}
    application = "benchmarks.peers.bare_consumer:application"
    return web(port=port, log=FOLDER / f"live-{layer or 'no'}-layer.log", application=application, environment=given)


def bare_websockets(*, port: int) -> Server:
    command = [sys.executable, "-m", "benchmarks.peers.bare_websockets", str(port), os.environ["REDIS_URL"]]
    return Server(command, port=port, log=FOLDER / "live-bare.log")


@contextmanager
def speaker() -> Iterator[Process]:
    """Whoever speaks to people of other servers, from a process of its own."""
    with with_our_packages("speaker") as says:
        says.ask(do="setup", redis=os.environ["REDIS_URL"])
        yield says


def said(says: Process, **what: object) -> Say:
    return lambda: float(says.ask(**what)["began"])


def come(audience: Audience, port: int, tenant: Tenant, people: Sequence[int]) -> None:
    """Open a socket for each of these, in this order."""
    from notifications.live.doors import PROTOCOL, TICKET
    from notifications.live.routing import PATH

    audience.open(port, [f"{PROTOCOL}, {TICKET}{one}" for one in tickets(tenant, people)], path=PATH)


def tickets(tenant: Tenant, people: Sequence[int]) -> list[str]:
    from notifications.kernel.clock import db_now
    from notifications.live import credentials
    from notifications.live.tickets import issue
    from notifications.models import Recipient

    now = db_now()
    found = Recipient.objects.for_tenant(tenant).select_related("tenant").in_bulk(people)
    identities = [credentials.of_person(found[pk], api_key=None, until=now + LONG) for pk in people]
    return [issue(one, now=now + LONG) for one in identities]
