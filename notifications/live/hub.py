"""The hub of a process: knows its own sockets, hears hints, reads rows for its own people in sets, and tells each
socket what is new since the place where that socket stands.

It joins one group of the channel layer, whatever the number of sockets. All of it runs on the event loop of the web
server but the reading, which has a thread and a database connection of its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from django.db import Error, connection

from ..reading import Unread
from . import credentials, frames, line, moments
from .credentials import Holds
from .rows import News, Position
from .socket import Gone, Socket, Watched

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

TOGETHER = 0.02
"""Seconds for which hints gather after one was followed; the first of a quiet time is followed at once."""

MANY = 500
"""People who do not wait for others to gather."""

HEARTBEAT = 25.0
RECHECK = 5.0
"""Seconds between two looks at whether the credentials of the sockets still hold."""

PEOPLE_MAX = 1_000
"""People whose news are read together."""

RECONNECT = 1.0
IDLE = 60.0


class Hub:
    """One a process and event loop. `sockets` maps a recipient id to the sockets that show their inbox, `watchers` an
    object's name on the line to those that follow it."""

    def __init__(self, layer: Any | None) -> None:
        self.sockets: dict[int, set[Socket]] = defaultdict(set)
        self.watchers: dict[str, set[Socket]] = defaultdict(set)
        self._layer = layer
        self._loop = asyncio.get_running_loop()
        self._database = ThreadPoolExecutor(1, thread_name_prefix="notifyhub-hub")
        self._behind: set[int] = set()
        self._pumping = False
        self._unread: dict[int, tuple[Position, Unread]] = {}
        self._channel = ""
        self._tasks: set[asyncio.Task[None]] = set()
        line.listen(self._overhear)
        for coroutine in (self._listen(), self._beat(), self._recheck()):
            self._spawn(coroutine)

    async def close(self) -> None:
        """End: for tests and the end of the process."""
        line.unlisten(self._overhear)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for socket in {one for some in self.sockets.values() for one in some}:
            socket.end(Gone.RESTART)
        if self._layer is not None and self._channel:
            with suppress(Exception):
                async with asyncio.timeout(1):
                    await self._layer.group_discard(line.GROUP, self._channel)
        await self.read(_let_go)
        self._database.shutdown(wait=False)

    async def read(self, verb: Callable[..., Result], *arguments: Any) -> Result:
        """Call `verb` on the thread that has the database. Raises what it raises; a broken connection is dropped."""
        return await self._loop.run_in_executor(self._database, _with_connection, verb, *arguments)

    # -- sockets --------------------------------------------------------------------------------------------------

    async def join(self, socket: Socket) -> None:
        """Greet this socket and tell it of what comes from now on."""
        for person in socket.positions:
            self.sockets[person].add(socket)  # before the reading, so that no hint falls between the two
        people = list(socket.positions)
        now_at, counts = await self.read(moments.standing, people)
        for person in people:
            socket.positions[person] = now_at[person]
            self._unread[person] = now_at[person], counts[person]
        socket.push(frames.hello(socket.inboxes, now_at, counts))
        socket.greeted = True
        self._catch_up(people)

    def leave(self, socket: Socket) -> None:
        for person in socket.positions:
            self.sockets[person].discard(socket)
            if not self.sockets[person]:
                del self.sockets[person]
                self._unread.pop(person, None)
        for watched in tuple(socket.watching):
            self.unwatch(socket, watched)

    async def resume(self, socket: Socket, person: int, since: Position) -> None:
        """Tell this socket everything since a cursor of its own, and where that ends."""
        found, count = await self.read(moments.missed, person, since)
        head = found.head if found else since
        if found is not None:
            socket.positions[person] = since
            self._tell(socket, person, found, None)
        socket.positions[person] = head
        socket.push(frames.resumed(socket.slug(person), head, count))
        self._catch_up([person])  # what came between the reading and now was held to be told

    def watch(self, socket: Socket, watched: Watched, name: str) -> None:
        socket.watching[watched] = name
        self.watchers[name].add(socket)

    def unwatch(self, socket: Socket, watched: Watched) -> None:
        name = socket.watching.pop(watched, None)
        if name is None or name in socket.watching.values():
            return
        self.watchers[name].discard(socket)
        if not self.watchers[name]:
            del self.watchers[name]

    # -- what is heard --------------------------------------------------------------------------------------------

    def _overhear(self, message: line.Message) -> None:
        """From a thread of this process that writes."""
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._hear, message)

    def _hear(self, message: line.Message) -> None:
        match message["type"]:
            case "nh.hint":
                self._catch_up(person for person in message["people"] if person in self.sockets)
                self._tell_watchers(name for name in message.get("objects", ()) if name in self.watchers)
            case "nh.toast":
                self._spawn(self._toast(message))
            case other:
                logger.info("live.unknown_message type=%s", other)  # from a newer version, while both run

    def _catch_up(self, people: Iterable[int]) -> None:
        self._behind.update(people)
        if self._behind and not self._pumping:
            self._pumping = True
            self._spawn(self._pump())

    async def _pump(self) -> None:
        """Bring everybody who is behind up to date, a thousand at a time."""
        try:
            while self._behind:
                chosen = [self._behind.pop() for _ in range(min(len(self._behind), PEOPLE_MAX))]
                since = {person: min(places, key=_rev) for person in chosen if (places := self._places(person))}
                try:
                    found = await self.read(moments.news_with_counts, since)
                except Error as error:
                    logger.warning("live.database_away error=%s", type(error).__name__)
                    self._behind.update(since)
                    await asyncio.sleep(RECONNECT)
                    continue
                except Exception:
                    logger.exception("live.news_failed people=%d", len(since))
                    found = await self._each_alone(since)
                for person, (new, counts) in found.items():
                    if counts is not None:
                        self._unread[person] = new.head, counts
                    for socket in tuple(self.sockets.get(person, ())):
                        if socket.greeted:
                            self._tell(socket, person, new, counts)
                if len(self._behind) < MANY:
                    await asyncio.sleep(TOGETHER)
        finally:
            self._pumping = False

    async def _each_alone(self, since: Mapping[int, Position]) -> dict[int, tuple[News, Unread | None]]:
        """The news of those whose rows can be read, where one's cannot."""
        found: dict[int, tuple[News, Unread | None]] = {}
        for person, place in since.items():
            with suppress(Exception):  # it was told of the whole; the heartbeat tries once more
                found |= await self.read(moments.news_with_counts, {person: place})
        return found

    def _places(self, person: int) -> list[Position]:
        return [socket.positions[person] for socket in self.sockets.get(person, ()) if socket.greeted]

    def _tell(self, socket: Socket, person: int, new: News, counts: Unread | None) -> None:
        at = socket.positions[person]
        if at.epoch == new.head.epoch and at.rev >= new.head.rev:
            return
        for frame in frames.news(socket.slug(person), at, new, counts):
            socket.push(frame)
        socket.positions[person] = new.head

    def _tell_watchers(self, names: Iterable[str]) -> None:
        for name in names:
            for socket in tuple(self.watchers[name]):
                for (_, kind, object_id), watched in socket.watching.items():
                    if watched == name:
                        socket.push(frames.changed(kind, object_id))

    async def _toast(self, message: line.Message) -> None:
        try:
            people = await self._addressed(message["to"])
        except Error as error:
            logger.warning("live.toast_lost error=%s", type(error).__name__)
            return
        text = frames.toast(message)
        for person in people:
            for socket in tuple(self.sockets.get(person, ())):
                if socket.greeted and socket.tenant(person) == message["tenant"]:
                    socket.push(text)

    async def _addressed(self, to: Mapping[str, Any]) -> Iterable[int]:
        if "people" in to:
            return [person for person in to["people"] if person in self.sockets]
        if "topic" in to:
            return await self.read(credentials.followers_among, to["topic"], list(self.sockets))
        return list(self.sockets)

    # -- what time brings -----------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        """Hear what other processes say. A layer that is away is asked again; the heartbeat covers the time."""
        while self._layer is not None:
            try:
                self._channel = await self._layer.new_channel("nh.node")
                await self._layer.group_add(line.GROUP, self._channel)
                self._catch_up(list(self.sockets))
                self._tell_watchers(list(self.watchers))
                while True:
                    message = await self._layer.receive(self._channel)
                    if message.get("node") != line.NODE:
                        self._hear(message)
            except Exception as error:
                logger.warning("live.layer_away error=%s", type(error).__name__)
                await asyncio.sleep(RECONNECT)

    async def _beat(self) -> None:
        """Tell everybody where they should be, and catch up whoever is behind. Joins the group anew as well: after a
        flush of the layer it is gone, and nothing would say so."""
        while True:
            await asyncio.sleep(HEARTBEAT)
            try:
                await self.beat()
            except Exception as error:
                logger.warning("live.beat_failed error=%s", type(error).__name__)

    async def beat(self) -> None:
        if self._layer is not None and self._channel:
            with suppress(Exception):
                async with asyncio.timeout(1):
                    await self._layer.group_add(line.GROUP, self._channel)
        self._tell_watchers(list(self.watchers))  # nothing would show that a hint about one was lost
        everybody = list(self.sockets)
        for start in range(0, len(everybody), PEOPLE_MAX):
            people = everybody[start : start + PEOPLE_MAX]
            known = {person: at for person, (at, _) in self._unread.items()}
            now_at, counts = await self.read(moments.where, people, known)
            for person in people:
                if person in counts:
                    self._unread[person] = now_at[person], counts[person]
                count = self._unread[person][1] if person in self._unread else Unread()
                for socket in tuple(self.sockets.get(person, ())):
                    if socket.greeted:
                        socket.push(frames.heartbeat(socket.slug(person), now_at[person], count))
            self._catch_up(
                person for person in people if any(place != now_at[person] for place in self._places(person))
            )

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(RECHECK)
            try:
                await self.recheck()
            except Exception as error:  # not knowing is no reason to cut everybody off
                logger.warning("live.recheck_failed error=%s", type(error).__name__)

    async def recheck(self) -> None:
        """End the sockets whose credentials do not hold any more: signed out, revoked, suspended. One that shows other
        inboxes still comes back for those."""
        sockets = {one for some in self.sockets.values() for one in some}
        by_credential: dict[credentials.Credential, list[Socket]] = defaultdict(list)
        for socket in sockets:
            by_credential[socket.credential].append(socket)
        for credential, holds in (await self.read(credentials.standing, list(by_credential))).items():
            for socket in by_credential[credential] if holds is not Holds.WHOLE else ():
                socket.end(Gone.SIGNED_OUT if holds is Holds.NOTHING else Gone.RESTART)

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The one of the running loop, made for its first socket."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub(line.layer())
    return _hubs[loop]


def _let_go() -> None:
    connection.close()


def _with_connection(verb: Callable[..., Result], *arguments: Any) -> Result:
    try:
        return verb(*arguments)
    except Error:
        connection.close_if_unusable_or_obsolete()
        raise


def _rev(position: Position) -> tuple[int, int]:
    return position.epoch, position.rev
