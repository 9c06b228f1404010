"""Header fields of a mail as bytes: one line of text each, whatever is in it (RFC 5322, 2047, 2231)."""

from __future__ import annotations

import re
from base64 import b64encode
from urllib.parse import quote

from .addresses import Mailbox

LINE = 76
"""Characters of a line; what is longer is encoded, because encoded words can be broken anywhere."""

_WORD_BYTES = 42  # 56 characters of base64, `=?utf-8?b?…?=` around them, and a name before the first
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def is_one_line(text: str) -> bool:
    """Whether `text` can stand in a header field: nothing in it ends a line, here or in anybody's parser."""
    return not _BREAKS.search(text)


def as_one_line(text: str) -> str:
    """`text` with a blank for each of those, and for each run of blanks."""
    return " ".join(_BREAKS.sub(" ", text).split())


def line(name: str, value: str) -> bytes:
    """A field of plain text. Raises ValueError for what is not one line."""
    return _field(name, _text(value, room=LINE - len(name) - 2))


def address_line(name: str, box: Mailbox, display: str = "") -> bytes:
    """A field with one address."""
    if not display:
        return _field(name, str(box))
    shown = _text(display, room=LINE - len(name) - 4)
    if not shown.startswith("=?"):
        shown = '"{}"'.format(shown.replace("\\", "\\\\").replace('"', '\\"'))
    return _field(name, f"{shown}\r\n <{box}>" if len(shown) + len(str(box)) > LINE - 10 else f"{shown} <{box}>")


def raw_line(name: str, value: str) -> bytes:
    """A field of ours, whose value needs no encoding. Raises ValueError for what is not one line of ASCII."""
    if not value.isascii() or not is_one_line(value):
        raise ValueError(name)
    return _field(name, value)


def file_name(name: str) -> str:
    """The parameter with an attachment's name (RFC 2231 where it is more than plain ASCII). Raises ValueError."""
    if not is_one_line(name):
        raise ValueError("filename")
    plain = name.isascii() and not set('"\\') & set(name)
    return f'filename="{name}"' if plain else f"filename*=utf-8''{quote(name, safe='')}"


def _field(name: str, value: str) -> bytes:
    return f"{name}: {value}\r\n".encode()


def _text(value: str, *, room: int) -> str:
    if not is_one_line(value):
        raise ValueError("more than one line")
    if value.isascii() and len(value) <= room and "=?" not in value and value == value.strip():
        return value
    return "\r\n ".join(f"=?utf-8?b?{b64encode(piece).decode()}?=" for piece in _pieces(value))


def _pieces(value: str) -> list[bytes]:
    """UTF-8 in pieces that end between characters."""
    pieces, current = [], b""
    for sign in value:
        encoded = sign.encode()
        if len(current) + len(encoded) > _WORD_BYTES:
            pieces.append(current)
            current = b""
        current += encoded
    return [*pieces, current]
