"""Texts for chats: cut to a length that counts what escaping adds, and links that lead somewhere from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import urljoin

from django.utils.translation import gettext as _

from notifications.content import Content, safe_url

from ..backend import Words
from ..conf import conf

MORE = "…"


def cut(text: str, room: int, *, size: Callable[[str], int] = len) -> str:
    """As much of the start of `text` as has at most this `size`, "…" at its end where something is missing. `size`
    never shrinks as a text grows."""
    if size(text) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if size(text[:middle].rstrip() + MORE) <= room else (low, middle - 1)
    return text[:low].rstrip() + MORE if low else ""


def link(url: str, *, schemes: Iterable[str]) -> str:
    """`url` as it works outside of this site, or "" where it would not, or is of another scheme."""
    url = safe_url(url)
    if url.startswith("/"):
        url = safe_url(urljoin(conf().site_url, url)) if conf().site_url else ""
    return url if url.partition(":")[0].lower() in schemes else ""


def links(content: Content, *, schemes: Iterable[str], is_cut: bool) -> list[tuple[str, str]]:
    """The buttons below a message, label and address: first where the whole of it is."""
    label = _("View all") if is_cut else _("Open")
    named = [(label, content.url), *((one.label, one.url) for one in content.actions)]
    found = ((label, link(url, schemes=schemes)) for label, url in named)
    return [(label, url) for label, url in found if label and url]


def texts(words: Words) -> tuple[str, str, str]:
    """Title, body and last line of a message: those that its template has for chats, or else those of the notice."""
    content, extra = words.content, words.extra
    title = _line(extra.get("header", "")) or content.title or words.tenant or MORE
    body = extra.get("text", "").strip() or content.body
    return title, body, _line(extra.get("context", "")) or signature(content, words.tenant)


def signature(content: Content, tenant: str) -> str:
    """Who says it and how serious it is, in a line."""
    levels = {"success": _("Good news"), "warning": _("Warning"), "error": _("Problem")}
    return " · ".join(one for one in (levels.get(content.level, ""), tenant) if one)


def _line(text: str) -> str:
    return " ".join(text.split())
