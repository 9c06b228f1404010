"""The bytes of a letter, read back by the standard library."""

import random
import uuid
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP
from typing import Any, cast

import pytest

from channels_delivery.mail.addresses import mailbox
from channels_delivery.mail.mime import Attachment, Letter, written

from .letters import AT

pytestmark = pytest.mark.once
SIGNS = [
    "a",
    "B c",
    ".",
    "..",
    "=",
    "_",
    "-",
    "--",
    "é",
    "漢",
    "👩‍👧",
    "\r",
    "\n",
    "\r\n",
    " ",
    "\t",
    "From ",
    "\x00",
    "\u2028",
]


def letter(**given: Any) -> Letter:
    fixed: dict[str, Any] = {
        "id": uuid.uuid4(),
        "sender": mailbox("news@acme.example"),
        "sender_name": "",
        "to": mailbox("bob@acme.example"),
        "subject": "Hi",
        "text": "text",
        "html": "<p>html</p>",
        "at": AT,
    }
    return Letter(**{**fixed, **given})


def read(one: Letter) -> EmailMessage:
    message = cast(EmailMessage, BytesParser(policy=SMTP).parsebytes(written(one)))
    assert [part.defects for part in message.walk()] == [[]] * len(list(message.walk()))
    return message


def plain(text: str) -> str:
    """With one kind of line ends, and none at the end."""
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


@pytest.mark.parametrize("seed", range(40))
def test_every_text_comes_back_as_it_was_written(seed: int) -> None:
    chance = random.Random(seed)
    text, html = ("".join(chance.choices(SIGNS, k=chance.choice([0, 3, 50, 900]))) for _ in range(2))
    subject = "".join(chance.choices([one for one in SIGNS if one.isprintable()], k=40)).strip()

    message = read(letter(text=text, html=html, subject=subject))

    shown = [plain(part.get_payload(decode=True).decode()) for part in message.iter_parts()]  # type: ignore[union-attr]
    assert shown == [plain(text), plain(html)]
    assert message["Subject"] == subject


@pytest.mark.parametrize("seed", range(5))
def test_lines_end_as_they_have_to_and_are_short(seed: int) -> None:
    chance = random.Random(seed)
    text = "".join(chance.choices(SIGNS, k=2_000))

    data = written(letter(text=text, html=text * 3, attachments=[Attachment("a.bin", "", chance.randbytes(500))]))

    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 78
    assert data.replace(b"\r\n", b"").translate(None, b"\r\n") == data.replace(b"\r\n", b"")


def test_files_go_beside_the_words() -> None:
    files = [
        Attachment("report.pdf", "application/pdf", b"%PDF" * 100),
        Attachment("Größe ”1”.txt", "text/plain", b"a\nb"),
        Attachment("mail.eml", "message/rfc822", b"From: x"),
        Attachment("odd", 'text/html; charset="x"\r\nBcc: x', b""),
    ]

    message = read(letter(attachments=files))

    assert message.get_content_type() == "multipart/mixed"
    assert message.get_body(("plain",)).get_content() == "text"  # type: ignore[union-attr]
    found = list(message.iter_attachments())
    assert [one.get_filename() for one in found] == ["report.pdf", "Größe ”1”.txt", "mail.eml", "odd"]
    assert [one.get_payload(decode=True) for one in found] == [one.content for one in files]
    octets = "application/octet-stream"
    assert [one.get_content_type() for one in found] == ["application/pdf", "text/plain", octets, octets]


def test_a_file_name_of_several_lines_is_refused() -> None:
    with pytest.raises(ValueError, match="filename"):
        written(letter(attachments=[Attachment("a\r\nBcc: x", "", b"")]))


def test_a_script_beyond_latin_goes_by_the_shorter_encoding() -> None:
    foreign, latin = written(letter(text="漢字" * 500)), written(letter(text="Viele Grüße an alle, die da sind. " * 50))

    assert b"base64" in foreign
    assert b"base64" not in latin
