"""Content is tidy from the moment it exists, and leads nobody where they should not go."""

import json
from typing import Any

import jsonschema_rs
import pytest

from notifications.content import BODY_MAX, CONTENT_SCHEMA, TITLE_MAX, URL_MAX, Action, Content, safe_url

pytestmark = pytest.mark.once

GOOD = [
    "https://example.com",
    "https://example.com/",
    "https://example.com:8443/a/b?c=d&e=f#g",
    "HTTPS://Example.com/A",
    "http://example.com?x=1",
    "http://127.0.0.1:8000/runs/",
    "https://[2001:db8::1]/x",
    "https://bücher.example/ü",
    "mailto:alice@acme.example",
    "mailto:alice@acme.example?subject=Hello",
    "tel:+49-30-1234567",
    "/",
    "/sessions/S-1?tab=2#top",
    "/ü/%2F%2Fx",
]
BAD = [
    "",
    " ",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "JaVa\tScript:alert(1)",
    "java\nscript:alert(1)",
    "\x01javascript:alert(1)",
    " javascript:alert(1)",
    "javascript://example.com/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "DATA:text/html;base64,PHNjcmlwdD4=",
    "vbscript:msgbox(1)",
    "blob:https://example.com/1",
    "file:///etc/passwd",
    "ftp://example.com/",
    "view-source:https://example.com",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "https:\\\\evil.example",
    "https://good.example\\@evil.example",
    "https://good.example@evil.example",
    "https://user:secret@evil.example/",
    "https://user@evil.example?x",
    "https://",
    "https://?x",
    "https://#x",
    "https:// evil.example",
    "https://evil.example/a b",
    "https://evil.example/\u2028",
    "https://evil.example/\x00",
    "https://evil.example/\u202egpj.exe",
    "https://evil.example/\u200b",
    "https://evil.example/\n",
    "\u00a0https://evil.example",
    "mailto:",
    "mailto:a b",
    "tel:",
    "tel:\n1",
    "example.com",
    "www.example.com",
    "sessions/1",
    "./x",
    "../x",
    "?x",
    "#x",
    "/x y",
    "/\ud800",
    "/" + "x" * URL_MAX,
]


@pytest.mark.parametrize("url", GOOD)
def test_a_link_that_a_person_may_follow_is_kept_as_it_is(url: str) -> None:
    assert safe_url(url) == url


@pytest.mark.parametrize("url", BAD)
def test_any_other_link_is_dropped(url: str) -> None:
    assert safe_url(url) == ""


@pytest.mark.parametrize("url", BAD)
def test_no_part_of_a_content_carries_a_bad_link(url: str) -> None:
    content = Content("Hello", url=url, image=url, actions=(Action("Go", url), Action("Stay", "/here")))

    assert (content.url, content.image, content.actions) == ("", "", (Action("Stay", "/here"),))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Hello \n", "Hello"),
        ("Two\nlines", "Two lines"),
        ("Null\0 and bell\a", "Null and bell"),
        ("x" * (TITLE_MAX + 1), "x" * (TITLE_MAX - 1) + "…"),
        ("x" * TITLE_MAX, "x" * TITLE_MAX),
        ("<b>Hello</b>", "<b>Hello</b>"),
        ("", ""),
    ],
)
def test_a_title_is_one_clean_line_of_bounded_length(given: str, kept: str) -> None:
    assert Content(given).title == kept


def test_a_body_keeps_its_lines_and_is_cut_where_it_gets_too_long() -> None:
    assert Content("t", body="a\n\nb\x07").body == "a\n\nb"
    assert len(Content("t", body="y" * (BODY_MAX * 2)).body) == BODY_MAX


@pytest.mark.parametrize("level", ["", "fatal", "INFO", "<script>"])
def test_an_unknown_level_is_information(level: str) -> None:
    assert Content("t", level=level).level == "info"


def test_no_more_than_five_buttons() -> None:
    assert len(Content("t", actions=tuple(Action(str(n), "/x") for n in range(9))).actions) == 5


FULL = Content(
    "Title",
    body="Body",
    url="/x",
    level="warning",
    icon="bell",
    actor="Alice",
    image="https://example.com/i.png",
    actions=(Action("Go", "/go"),),
    data={"n": 1},
    thread="t:1",
    tab=2,
)


@pytest.mark.parametrize("content", [Content(""), Content("t"), FULL])
def test_json_and_back_is_the_same_value(content: Content) -> None:
    stored = json.loads(json.dumps(content.to_json()))

    assert Content.from_json(stored) == content
    jsonschema_rs.Draft202012Validator(CONTENT_SCHEMA).validate(stored)


def test_what_is_empty_takes_no_room() -> None:
    assert Content("t").to_json() == {"title": "t", "level": "info"}


def test_a_key_of_a_newer_version_is_left_alone() -> None:
    newer: dict[str, Any] = {"title": "t", "sparkles": True}

    assert Content.from_json(newer) == Content("t")


def test_long_threads_that_begin_alike_stay_apart() -> None:
    long = "https://ops.example/incidents/" + "x" * 300
    threads = {Content("t", thread=long + str(n)).thread for n in range(3)} | {Content("t", thread="x" * 200).thread}

    assert len(threads) == 4
    assert all(len(thread) <= 200 for thread in threads)
    again = Content("t", thread=long + "1")
    assert Content.from_json(again.to_json()).thread == again.thread == Content("t", thread=long + "1").thread
