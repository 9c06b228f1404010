"""The examples of docs/socket.md are what the code makes and takes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from notifications.live import asked, frames
from notifications.live.credentials import Inbox
from notifications.live.rows import Change, News, Position
from notifications.reading import Unread

pytestmark = pytest.mark.once

PAGE = Path(__file__).resolve().parents[3] / "docs" / "socket.md"
NONE = Unread()


def examples(part: str) -> list[dict[str, Any]]:
    text = PAGE.read_text().partition(f"## {part}")[2].partition("\n## ")[0]
    blocks = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    return [json.loads(line) for block in blocks for line in block.strip().splitlines()]


def made() -> Iterator[str]:
    """A frame of each kind, by the code."""
    changes = [
        Change(13, "item", '"item": {}'),
        Change(14, "update", '"item": {}'),
        Change(15, "update", '"read_upto": {}'),
    ]
    yield from frames.news("acme", Position(7, 12), News(Position(7, 15), changes), NONE)
    yield from frames.news("acme", Position(7, 12), News(Position(8, 15), resync=True), None)
    person = {"id": "", "user": "", "name": ""}
    yield frames.hello({1: Inbox(1, 1, "acme", person)}, {1: Position(7, 12)}, {1: NONE})
    yield frames.resumed("acme", Position(7, 15), NONE)
    yield frames.heartbeat("acme", Position(7, 15), NONE)
    yield frames.done("read", "acme", NONE)
    yield frames.toast({"slug": "acme", "toast": {}})
    yield frames.changed("run", "t-1")
    yield frames.refused("read", "invalid", "why")
    yield frames.pong()


def test_every_frame_that_the_server_makes_is_shown_with_its_fields() -> None:
    shown = {(one["type"], *sorted(one)) for one in examples("What the server says")}
    types = {one["type"] for one in examples("What the server says")}

    for text in made():
        frame = json.loads(text)
        assert frame["type"] in types
        optional = {"unread"} if frame["type"] == "update" else set()
        assert any(
            name == frame["type"] and set(fields) - optional == set(frame) - optional for name, *fields in shown
        ), text
    assert types == {json.loads(text)["type"] for text in made()}


def test_the_first_frame_is_shown_with_what_it_says_of_each_inbox() -> None:
    (hello,) = (json.loads(text) for text in made() if '"hello"' in text)

    (shown,) = (one for one in examples("What the server says") if one["type"] == "hello")

    assert shown["inboxes"][0].keys() == hello["inboxes"][0].keys()
    assert shown["person"].keys() == hello["person"].keys()


def test_every_verb_of_a_client_is_shown() -> None:
    assert {one["type"] for one in examples("What a client may ask")} == set(asked.VERBS)
