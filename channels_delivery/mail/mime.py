"""A letter as the bytes that go over the wire. Put together by hand: the standard library's generator takes ten times
as long, and a letter of ours has one of two shapes.

    multipart/mixed              where there are attachments
      multipart/alternative
        text/plain, text/html
      the attachments
"""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import b2a_qp
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from uuid import UUID

from . import headers
from .addresses import Mailbox

_NEWLINE = re.compile(r"\r\n|\r|\n")
_ASCII = bytes(range(128))
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}", re.ASCII)


@dataclass(frozen=True)
class Attachment:
    filename: str
    content_type: str
    content: bytes

    @property
    def safe_type(self) -> str:
        """Its type, as far as it is one that base64 may carry."""
        given = self.content_type.lower()
        plain = _TYPE.fullmatch(given) and not given.startswith(("multipart/", "message/"))
        return given if plain else "application/octet-stream"


@dataclass(frozen=True)
class Letter:
    """A mail to one address. `id` is the stable id of the delivery; `unsubscribe` an address of the web, and
    `unsubscribe_mail` a `mailto:` for mail programs that know no other way."""

    id: UUID
    sender: Mailbox
    sender_name: str
    to: Mailbox
    subject: str
    text: str
    html: str
    at: datetime
    reply_to: Mailbox | None = None
    unsubscribe: str = ""
    unsubscribe_mail: str = ""
    attachments: Sequence[Attachment] = ()

    @property
    def message_id(self) -> str:
        """The same at every try and replay, so that a receiver can tell."""
        return f"<{self.id.hex}@{self.sender.domain}>"

    @property
    def utf8(self) -> bool:
        """Whether its envelope or header needs SMTPUTF8."""
        return any(box is not None and box.utf8 for box in (self.sender, self.to, self.reply_to))

    def list_fields(self) -> dict[str, str]:
        """RFC 2369 and 8058; one click needs https."""
        ways = [way for way in (self.unsubscribe, self.unsubscribe_mail) if way]
        if not ways:
            return {}
        one_click = {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        return {"List-Unsubscribe": ", ".join(f"<{way}>" for way in ways)} | (
            one_click if self.unsubscribe.lower().startswith("https:") else {}
        )


def written(letter: Letter) -> bytes:
    """The header and body of a letter, its lines ended by CR LF. Raises ValueError for a text of more than one line
    where only one can be."""
    body = _both(letter, boundary := f"=_{letter.id.hex}_a")
    content_type = f'multipart/alternative;\r\n boundary="{boundary}"'
    if letter.attachments:
        inner = f"Content-Type: {content_type}\r\n\r\n".encode() + body
        body = _joined([inner, *map(_attached, letter.attachments)], boundary := f"=_{letter.id.hex}_m")
        content_type = f'multipart/mixed;\r\n boundary="{boundary}"'
    return b"".join((*_fields(letter), f"Content-Type: {content_type}\r\n\r\n".encode(), body))


def _fields(letter: Letter) -> list[bytes]:
    fields = [
        headers.address_line("From", letter.sender, letter.sender_name),
        headers.address_line("To", letter.to),
        headers.line("Subject", letter.subject),
        headers.raw_line("Date", format_datetime(letter.at)),
        headers.raw_line("Message-ID", letter.message_id),
        headers.raw_line("MIME-Version", "1.0"),
        headers.raw_line("Auto-Submitted", "auto-generated"),
    ]
    if letter.reply_to is not None:
        fields.insert(2, headers.address_line("Reply-To", letter.reply_to))
    return fields + [headers.raw_line(name, value) for name, value in letter.list_fields().items()]


def _both(letter: Letter, boundary: str) -> bytes:
    return _joined([_texted("plain", letter.text), _texted("html", letter.html)], boundary)


def _joined(parts: Sequence[bytes], boundary: str) -> bytes:
    """No part holds the boundary: `=_` is neither quoted-printable nor base64."""
    between = f"--{boundary}\r\n".encode()
    return b"".join(between + part for part in parts) + f"--{boundary}--\r\n".encode()


def _texted(subtype: str, text: str) -> bytes:
    """Quoted-printable, or base64 for scripts in which that is shorter."""
    data = (_NEWLINE.sub("\r\n", text).rstrip("\r\n") + "\r\n").encode("utf-8", "replace")
    foreign = len(data.translate(None, _ASCII))
    if foreign * 6 > len(data):
        encoding, body = "base64", _base64(data)
    else:
        encoding, body = "quoted-printable", b2a_qp(data)
    return (
        f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + body
    )


def _attached(one: Attachment) -> bytes:
    head = (
        f"Content-Type: {one.safe_type}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment;\r\n {headers.file_name(one.filename)}\r\n\r\n"
    )
    return head.encode() + _base64(one.content)


def _base64(data: bytes) -> bytes:
    encoded = b64encode(data)
    return b"".join(encoded[at : at + 76] + b"\r\n" for at in range(0, len(encoded), 76))
