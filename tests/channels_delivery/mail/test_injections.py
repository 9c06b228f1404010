"""What is meant to become a second header, a second recipient or a second command: refused, or harmless bytes."""

from collections.abc import Mapping
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any

import pytest

from channels_delivery.mail import setup
from channels_delivery.outcome import Accepted, Permanent
from tests.channels_delivery.mail_server import MailServer

from .letters import PARTS, outlet, parcel, send, words

pytestmark = pytest.mark.once

HEADERS = {"From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Auto-Submitted", "Content-Type"}
EVIL = "eve@evil.example"
BREAKS = [
    f"x\r\nBcc: {EVIL}",
    f"x\nBcc: {EVIL}",
    f"x\rBcc: {EVIL}",
    f"x\r\n\r\nBcc: {EVIL}",
    f"x\u2028Bcc: {EVIL}",
    f"x\u2029Bcc: {EVIL}",
    f"x\x85Bcc: {EVIL}",
    f"x\x0bBcc: {EVIL}",
    f"x\x0cBcc: {EVIL}",
    f"x\x00Bcc: {EVIL}",
    f"x\x1eBcc: {EVIL}",
    f"x\r\n.\r\nMAIL FROM:<{EVIL}>",
    "x\r\n",
    "x\n",
    "\nx",
    "x\ud800",
]
ADDRESSES = [
    *(f"bob@acme.example{one[1:]}" for one in BREAKS if one[0] == "x"),
    "\nbob@acme.example",
    f"bob@acme.example, {EVIL}",
    f"bob@acme.example> NOTIFY=NEVER RCPT TO:<{EVIL}",
    f"Bob <{EVIL}>",
    f"<{EVIL}>",
    f"bob@acme.example;{EVIL}",
    f"bob@acme.example {EVIL}",
    f"{EVIL}%bob@acme.example ",
    f'"bob\r\nBcc: {EVIL}"@acme.example',
    "@acme.example:bob@acme.example",
    "bob@[127.0.0.1]",
    "bob@acme.example\u202e",
    "bob@127.0.0.1",
    "bob",
    "",
]


@pytest.mark.parametrize("text", BREAKS)
def test_a_subject_of_several_lines_is_not_sent(server: MailServer, text: str) -> None:
    [outcome] = send(parcel(parts={**PARTS, "subject": text}), by=outlet(server))

    assert outcome == Permanent("content", "The subject has to be one line.")
    assert server.commands["mail"] == 0


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_is_more_than_one_is_not_sent_to(server: MailServer, address: str) -> None:
    [outcome] = send(parcel(address), by=outlet(server))

    assert isinstance(outcome, Permanent)
    assert (outcome.code, EVIL in outcome.detail) == ("address", False)
    assert server.commands["mail"] == 0


@pytest.mark.parametrize("field", ["from", "from_name", "reply_to"])
@pytest.mark.parametrize("text", BREAKS)
def test_a_channel_that_would_break_a_header_sends_nothing(server: MailServer, field: str, text: str) -> None:
    value = text if field == "from_name" else f"bob@acme.example{text[1:]}" if text[0] == "x" else text
    way = outlet(server, **{field: value})
    [outcome] = send(parcel(), by=way)

    assert isinstance(outcome, Permanent)
    assert outcome.code == "config"
    assert server.commands["mail"] == 0
    assert f"settings.{field}" in setup.faults(way.settings, {})


TEXTS: list[Mapping[str, Any]] = [
    {"subject": "=?utf-8?q?x=0D=0ABcc:_eve@evil.example?="},
    {"subject": f"Bcc: {EVIL}"},
    {"subject": "ü" * 300},
    {"subject": "x" * 300},
    {"subject": "a b " * 70},
    {"subject": " "},
    {"subject": "👩‍👩‍👧 ﷽ \u202e"},
    {"text": f".\r\n.\r\nMAIL FROM:<{EVIL}>\r\nRCPT TO:<{EVIL}>\r\nDATA\r\n.\r\n"},
    {"text": f"\n.\nRCPT TO:<{EVIL}>\n.\n\r.\r"},
    {"text": f"--=_b\r\nBcc: {EVIL}\r\n\r\n"},
    {"html": f"<p>\r\n.\r\nQUIT\r\n</p>\x00\x85\u2028.\r\nBcc: {EVIL}"},
    {"text": "x" * 5_000, "html": "é" * 5_000},
    {"text": "\ud800 \x00 \x1b[2J", "html": ""},
]


@pytest.mark.parametrize("texts", TEXTS)
@pytest.mark.parametrize(
    "name", ['Eve" <eve@evil.example>, "', "a\\", "=?utf-8?b?eA==?=", "Ünal, Inc; <x@y>", "x" * 100]
)
def test_strange_texts_are_harmless_bytes(server: MailServer, texts: Mapping[str, str], name: str) -> None:
    one = parcel(parts={**PARTS, **texts})

    assert isinstance(send(one, by=outlet(server, from_name=name))[0], Accepted)

    [got] = server.got
    message = got.message
    assert {line.partition(":")[0] for line in got.head if line[0] not in " \t"} == HEADERS
    assert (got.mail_from, got.rcpt_tos) == ("news@acme.example", ["bob@acme.example"])
    assert (server.commands["mail"], server.commands["rcpt"], server.connections) == (1, 1, 1)
    assert all(len(line) <= 78 for line in got.data.splitlines())
    shown, address = parseaddr(message_from_bytes(got.data)["From"])
    assert (str(make_header(decode_header(shown))), address) == (name, "news@acme.example")
    assert str(message["Subject"]) == one.parts["subject"]


@pytest.mark.parametrize("text", BREAKS)
def test_words_of_several_lines_make_a_subject_of_one(text: str) -> None:
    from channels_delivery.backends.email import BACKEND
    from channels_delivery.mail.headers import is_one_line

    assert is_one_line(BACKEND.compose(words(title=text))["subject"])
    assert is_one_line(BACKEND.compose(words({"subject": text}))["subject"])
