"""What a client may ask over its socket, a verb a frame. The same verbs as the API's, for the same person."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import Error

from .. import inbox
from ..kernel.clock import db_now
from ..models import Tab
from . import frames, rows, watching
from .rows import Position
from .socket import Socket

if TYPE_CHECKING:
    from .hub import Hub

logger = logging.getLogger(__name__)

IDS_MAX = 100

Ask = Mapping[str, Any]


class NotUnderstood(ValueError):
    """The text says what to send instead."""


async def answer(asked: Ask, socket: Socket, hub: Hub) -> None:
    """Do what this frame asks. What is not understood is answered with an `error`, and the socket stays."""
    what = asked.get("type")
    verb = VERBS.get(what) if isinstance(what, str) else None
    try:
        if verb is None:
            raise NotUnderstood(f"Send a JSON object with a `type` of {', '.join(VERBS)}.")
        person = socket.person(asked.get("tenant"))
        if person is None:
            raise NotUnderstood("You are not in that tenant.")
        await verb(asked, socket, hub, person)
    except (NotUnderstood, ValueError) as error:
        socket.push(frames.refused(str(what)[:50], "invalid", str(error)))
    except Error as error:
        logger.warning("live.database_away error=%s", type(error).__name__)
        socket.push(frames.refused(str(what)[:50], "unavailable", "The database is away. Try again."))


async def _ping(asked: Ask, socket: Socket, hub: Hub, person: int) -> None:
    socket.push(frames.pong())


async def _resume(asked: Ask, socket: Socket, hub: Hub, person: int) -> None:
    cursor = asked.get("cursor")
    if not isinstance(cursor, str):
        raise NotUnderstood("Give the `cursor` of the last frame you had.")
    await hub.resume(socket, person, Position.of(cursor))


async def _read(asked: Ask, socket: Socket, hub: Hub, person: int) -> None:
    ids = _ids(asked)
    await _do(socket, hub, person, "read", lambda: inbox.mark_read(person, ids, now=db_now()))


async def _unread(asked: Ask, socket: Socket, hub: Hub, person: int) -> None:
    await _do(socket, hub, person, "unread", partial(inbox.mark_unread, person, _ids(asked)))


async def _archive(asked: Ask, socket: Socket, hub: Hub, person: int) -> None:
    await _do(socket, hub, person, "archive", partial(inbox.archive, person, _ids(asked)))


async def _read_all(asked: Ask, socket: Socket, hub: Hub, person: int) -> None:
    name = asked.get("tab")
    if name is not None and (not isinstance(name, str) or name.upper() not in Tab.__members__):
        raise NotUnderstood(f"`tab` is one of {', '.join(tab.name.lower() for tab in Tab)}.")
    await _do(socket, hub, person, "read_all", lambda: inbox.read_all(person, tab=Tab[name.upper()] if name else None))


async def _seen(asked: Ask, socket: Socket, hub: Hub, person: int) -> None:
    upto = asked.get("upto")
    if type(upto) is not int or not 0 < upto < 2**63:
        raise NotUnderstood("Say `upto` which place: a whole number.")
    await hub.read(inbox.mark_seen, person, upto)


async def _watch(asked: Ask, socket: Socket, hub: Hub, person: int) -> None:
    wanted = watching.named(asked.get("watch"))
    if len(socket.watching) >= watching.MAX and (socket.tenant(person), *wanted) not in socket.watching:
        raise NotUnderstood(f"At most {watching.MAX} objects are watched at once.")
    name = await hub.read(watching.find, person, *wanted)
    if name is None:
        raise NotUnderstood("There is no such object.")
    hub.watch(socket, (socket.tenant(person), *wanted), name)
    socket.push(frames.changed(*wanted))  # whatever happened before counts as a change


async def _unwatch(asked: Ask, socket: Socket, hub: Hub, person: int) -> None:
    hub.unwatch(socket, (socket.tenant(person), *watching.named(asked.get("watch"))))


async def _do(socket: Socket, hub: Hub, person: int, what: str, verb: Callable[[], object]) -> None:
    """Change something, and answer with the exact unread number. The change itself comes as a frame to all tabs."""

    def change() -> Any:
        verb()
        return rows.unread([person])[person]

    socket.push(frames.done(what, socket.slug(person), await hub.read(change)))


def _ids(asked: Ask) -> list[UUID]:
    given = asked.get("ids")
    if not isinstance(given, list) or not 0 < len(given) <= IDS_MAX:
        raise NotUnderstood(f"Give `ids`, a list of 1 to {IDS_MAX} ids of items.")
    try:
        return [UUID(one) for one in given]
    except (ValueError, TypeError, AttributeError) as error:
        raise NotUnderstood("An id of an item is a UUID.") from error


VERBS: dict[str, Callable[[Ask, Socket, Hub, int], Awaitable[None]]] = {
    "resume": _resume,
    "read": _read,
    "unread": _unread,
    "archive": _archive,
    "read_all": _read_all,
    "seen": _seen,
    "watch": _watch,
    "unwatch": _unwatch,
    "ping": _ping,
}
