"""The HTML page around the words of a mail.

Ours is rendered once for all mails that differ in nothing but their texts, and cut where those go: of a thousand mails
with the names of people in them, the template engine makes one. A page that a site has put in its place may look at
the texts in any way, so it is rendered for each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.template.defaultfilters import linebreaksbr
from django.template.loader import get_template, render_to_string
from django.utils.html import escape
from django.utils.safestring import mark_safe
from django.utils.translation import get_language

from notifications.content import Content

TEMPLATE = "notifyhub/channels_delivery/mail.html"
FOOTER = "<!--notifyhub:footer-->"
"""Where the links of a person go. No text of a template can hold it: texts are escaped, and comments are taken out of
markup."""

_OURS = str(Path(__file__).parents[1] / "templates" / TEMPLATE)
_SUBJECT, _TITLE, _MARKUP = (f"<!--notifyhub:{name}-->" for name in ("subject", "title", "markup"))
_PLACES = re.compile(f"({_SUBJECT}|{_TITLE}|{_MARKUP})")
_FRAMES = 64
"""Kept at a time, each of some four kilobytes."""


@dataclass(frozen=True)
class Looks:
    """What a page has beside its texts. `links` are (label, address)."""

    links: tuple[tuple[str, str], ...]
    image: str
    colour: str
    tenant: str


def page(content: Content, subject: str, markup: str, looks: Looks) -> str:
    """The page of these words: `markup`, HTML that may stand in a mail, or else the content's body."""
    ours = get_template(TEMPLATE).origin.name == _OURS  # type: ignore[attr-defined]
    return framed(content, subject, markup, looks) if ours else rendered(content, subject, markup, looks)


def rendered(content: Content, subject: str, markup: str, looks: Looks) -> str:
    """The same by the template alone."""
    return _tight(_render(content, subject, _MARKUP if markup else "", looks)).replace(_MARKUP, markup, 1)


def framed(content: Content, subject: str, markup: str, looks: Looks) -> str:
    """The same of our own template, which does with the texts no more than show them."""
    body = markup or linebreaksbr(content.body, autoescape=True)
    texts = {_SUBJECT: escape(subject), _TITLE: escape(content.title), _MARKUP: body}
    return "".join([texts.get(piece, piece) for piece in _frame(looks, bool(body), get_language())])


@lru_cache(maxsize=_FRAMES)
def _frame(looks: Looks, with_body: bool, language: str | None) -> Sequence[str]:
    """The page in pieces, with the places of its texts among them; in this language, which is the one in force."""
    del language
    blank = Content.stored({"title": mark_safe(_TITLE)})  # noqa: S308
    return _PLACES.split(_tight(_render(blank, mark_safe(_SUBJECT), _MARKUP if with_body else "", looks)))  # noqa: S308


def _render(content: Content, subject: str, markup: str, looks: Looks) -> str:
    context = {
        "content": content,
        "subject": subject,
        "links": looks.links,
        "image": looks.image,
        "colour": looks.colour,
        "markup": mark_safe(markup),  # noqa: S308
        "tenant": looks.tenant,
        "footer": mark_safe(FOOTER),  # noqa: S308
    }
    return render_to_string(TEMPLATE, context)


def _tight(html: str) -> str:
    """Without the indentation of the template file, which nobody reads and everybody would be sent."""
    return re.sub(r"\n\s*(?=<)", "\n", html).strip()
