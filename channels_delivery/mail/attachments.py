"""Files that go with a letter, from the storages of Django. They are named by the host's own code, never by tenants."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from mimetypes import guess_type
from pathlib import PurePosixPath
from weakref import WeakValueDictionary

from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import InvalidStorageError, storages
from django.utils.translation import gettext as _

from ..outcome import Temporary
from .headers import is_one_line
from .mime import Attachment
from .unsendable import Unsendable

TOTAL_MAX = 20 * 1024 * 1024
"""Bytes of all files of a letter, before they are encoded."""

NAME_MAX = 240
"""Bytes of a file name."""

AT_ONCE = 2
"""Letters with files that one tenant has in memory at a time."""

_rooms: WeakValueDictionary[tuple[int, Hashable], asyncio.Semaphore] = WeakValueDictionary()


def room(tenant: int) -> asyncio.Semaphore:
    """To be held while a letter with files is in memory."""
    return _rooms.setdefault((id(asyncio.get_running_loop()), tenant), asyncio.Semaphore(AT_ONCE))


def load(references: Sequence[Mapping[str, str]]) -> list[Attachment]:
    """Read these: `{"name": path in the storage, "storage": alias, "filename": …, "content_type": …}`, of which the
    first is needed. Blocks. Raises `Unsendable` when one is missing or all are too large."""
    found, left = [], TOTAL_MAX
    for reference in references:
        one = _load(reference, left)
        left -= len(one.content)
        found.append(one)
    return found


def _load(reference: Mapping[str, str], left: int) -> Attachment:
    name = reference.get("name", "")
    filename = reference.get("filename") or PurePosixPath(name).name
    if not filename or not is_one_line(filename) or len(filename.encode()) > NAME_MAX:
        raise Unsendable.because("content", _("An attachment has no usable file name."))
    content = _read(reference.get("storage") or "default", name, left, shown=filename)
    content_type = reference.get("content_type") or guess_type(filename)[0] or ""
    return Attachment(PurePosixPath(filename).name, content_type, content)


def _read(alias: str, name: str, left: int, *, shown: str) -> bytes:
    try:
        with storages[alias].open(name, "rb") as file:
            content: bytes = file.read(left + 1)
    except InvalidStorageError:
        raise Unsendable.because("config", _("There is no storage “%(alias)s”.") % {"alias": alias}) from None
    except (FileNotFoundError, IsADirectoryError, SuspiciousOperation):
        raise Unsendable.because("content", _("The attachment “%(name)s” is missing.") % {"name": shown}) from None
    except Exception as error:  # a storage elsewhere fails in ways of its own, and may be back soon
        words = _("The attachment “%(name)s” could not be read.") % {"name": shown}
        raise Unsendable(Temporary("provider", f"{words} ({type(error).__name__})")) from error
    if len(content) > left:
        size = TOTAL_MAX // 1024 // 1024
        raise Unsendable.because("content", _("The attachments are larger than %(size)s MB in all.") % {"size": size})
    return content
