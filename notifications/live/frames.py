"""Frames as text: what goes over a socket. Each says whose it is (`tenant`) and where it leads (`cursor`); those with
news also from where (`after`), so that a client sees a gap. `docs/socket.md` shows every one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..reading import Unread
from .rows import News, Position

if TYPE_CHECKING:
    from .credentials import Inbox


def hello(shown: Mapping[int, Inbox], heads: Mapping[int, Position], counts: Mapping[int, Unread]) -> str:
    """The first frame: whose inboxes this socket shows, and where each stands."""
    inboxes = [
        {
            "tenant": inbox.slug,
            "person": inbox.who,
            "cursor": str(heads[person]),
            "unread": counts[person].to_json(),
        }
        for person, inbox in shown.items()
    ]
    return json.dumps({"type": "hello", **inboxes[0], "inboxes": inboxes})


def news(tenant: str, at: Position, new: News, counts: Unread | None) -> Iterator[str]:
    """A frame for each change past `at`, in order; the last one leads to the head. Of several with one revision only
    the last leads on: whoever is cut off between them gets them all again."""
    name = json.dumps(tenant)
    if new.resync or not at.may_follow(new.head):
        yield f'{{"type": "resync", "tenant": {name}, "cursor": "{new.head}"}}'
        return
    fresh = [change for change in new.changes if change.rev > at.rev]
    after = at
    for number, change in enumerate(fresh, 1):
        last = number == len(fresh)
        if last:
            to = new.head
        elif fresh[number].rev == change.rev:
            to = after
        else:
            to = Position(new.head.epoch, change.rev)
        count = f', "unread": {json.dumps(counts.to_json())}' if last and counts is not None else ""
        place = f'"tenant": {name}, "after": "{after}", "cursor": "{to}"'
        yield f'{{"type": "{change.kind}", {place}, {change.body}{count}}}'
        after = to
    if not fresh:
        yield f'{{"type": "update", "tenant": {name}, "after": "{at}", "cursor": "{new.head}"}}'


def resumed(tenant: str, head: Position, count: Unread) -> str:
    return json.dumps({"type": "resumed", "tenant": tenant, "cursor": str(head), "unread": count.to_json()})


def heartbeat(tenant: str, head: Position, count: Unread) -> str:
    return json.dumps({"type": "heartbeat", "tenant": tenant, "cursor": str(head), "unread": count.to_json()})


def done(what: str, tenant: str, count: Unread) -> str:
    """The answer to something that the client did."""
    return json.dumps({"type": "done", "for": what, "tenant": tenant, "unread": count.to_json()})


def toast(message: Mapping[str, Any]) -> str:
    return json.dumps({"type": "toast", "tenant": message["slug"], "toast": message["toast"]})


def changed(kind: str, object_id: str) -> str:
    """An object that is watched has changed; what it is now is asked for by those who want to know."""
    return json.dumps({"type": "changed", "watch": {kind: object_id}})


def refused(what: str, code: str, detail: str) -> str:
    return json.dumps({"type": "error", "for": what, "code": code, "detail": detail})


def pong() -> str:
    return '{"type": "pong"}'
