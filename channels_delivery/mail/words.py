"""From words to the parts of a mail: subject, text and HTML, the same for everybody they are for.

What differs from person to person stands in slots, which are filled when a mail is sent: `unsubscribe` and
`preferences`, two addresses of the web, become links in the footer, in the language of the words above them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.utils.html import escape, linebreaks
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from notifications.content import Content, safe_url

from ..backend import Words
from ..conf import conf
from .headers import as_one_line
from .markup import allowed_markup
from .page import FOOTER, Looks, page
from .styled import from_markdown, with_styles_inline, within
from .twin import text_of

FIELDS: Mapping[str, Any] = {
    "subject": {"type": "string", "maxLength": 300},
    "text": {"type": "string", "maxLength": 64_000},
    "html": {"type": "string", "maxLength": 64_000, "contentMediaType": "text/html"},
    "markdown": {"type": "string", "maxLength": 10_000, "contentMediaType": "text/markdown"},
    "layout": {"type": "string", "maxLength": 64_000, "contentMediaType": "text/html"},
}
"""What a template of mail may have beside title and body. `html`, or else `markdown`, comes in the place of the body,
and within `layout` in the place of its comment `<!-- content -->`. HTML may have a `<style>`. Without a `text`, the
text twin is made of the HTML."""

_LEVELS = {"info": "#2563eb", "success": "#15803d", "warning": "#b45309", "error": "#b91c1c"}


def composed(words: Words) -> dict[str, str]:
    """The parts `subject`, `text` and `html`, and their `language` where it is not the site's."""
    content, extra = words.content, words.extra
    links = _links(content)
    subject = as_one_line(extra.get("subject") or content.title)
    markup = _markup(extra, content.body)
    body = text_of(markup) if markup else content.body
    image = content.image if content.image.lower().startswith("https://") else ""
    looks = Looks(tuple(links), image, _LEVELS.get(content.level, _LEVELS["info"]), words.tenant)
    return {
        "subject": subject,
        "text": extra.get("text") or _plain(content.title, body, links, words.tenant),
        "html": page(content, subject, markup, looks),
    } | _language()


def filled(parts: Mapping[str, Any], slots: Mapping[str, Any]) -> tuple[str, str]:
    """Text and HTML for one person. What is in a slot and is no safe address is left out."""
    text, html = str(parts.get("text") or ""), str(parts.get("html") or "")
    links = []
    if slots:
        with override(str(parts.get("language") or settings.LANGUAGE_CODE)):
            links = [(label, url) for name, label in _labels() if (url := web_address(slots.get(name)))]
    anchors = " · ".join(f'<a href="{escape(url)}" style="color:inherit">{escape(label)}</a>' for label, url in links)
    lines = "".join(f"\n{label}: {url}" for label, url in links)
    return text + (f"\n{lines}" if lines else ""), html.replace(FOOTER, anchors, 1)


def web_address(given: object) -> str:
    """`given` if it is an address of the web that may stand in a header, else nothing."""
    url = given if isinstance(given, str) else ""
    return url if url.lower().startswith(("https://", "http://")) and url.isascii() and _fits(url) else ""


def _language() -> dict[str, str]:
    language = get_language() or ""
    return {"language": language} if language not in {"", settings.LANGUAGE_CODE} else {}


def mail_address(given: object) -> str:
    """`given` if it is a `mailto:` that may stand in a header, else nothing."""
    url = given if isinstance(given, str) else ""
    return url if url.startswith("mailto:") and url.isascii() and _fits(url) else ""


def _fits(url: str) -> bool:
    return len(url) <= 900 and safe_url(url) == url and not set('<>"') & set(url)


def _labels() -> tuple[tuple[str, str], ...]:
    return ("preferences", _("Notification settings")), ("unsubscribe", _("Unsubscribe"))


def _absolute(url: str) -> str:
    """A page of this site by its whole address; none where the site has not said what it is."""
    if not url.startswith("/"):
        return url
    site = conf().site_url
    return urljoin(site, url) if site else ""


def _links(content: Content) -> list[tuple[str, str]]:
    """The buttons, and where the notice itself leads unless one of them goes there."""
    links = [(action.label, url) for action in content.actions if (url := _absolute(action.url))]
    url = _absolute(content.url)
    return links if not url or any(url == link for _label, link in links) else [*links, (_("Open"), url)]


def _markup(extra: Mapping[str, str], body: str) -> str:
    """The HTML of the template, with nothing in it but what may stand in a mail; none where it is plain text."""
    html = extra.get("html") or (from_markdown(extra["markdown"]) if extra.get("markdown") else "")
    if layout := extra.get("layout"):
        html = within(layout, html or linebreaks(escape(body)))
    return allowed_markup(with_styles_inline(html)) if html else ""


def _plain(title: str, body: str, links: list[tuple[str, str]], tenant: str) -> str:
    told = [title, body, *(f"{label}: {link}" for label, link in links)]
    return "\n\n".join(filter(None, told)) + (f"\n\n-- \n{tenant}" if tenant else "")
