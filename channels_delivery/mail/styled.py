"""The HTML that a template gives for a mail: written as Markdown, or as HTML with a style sheet; within a layout.

Mail programs read styles of elements only, so the rules of a sheet are written into those. What that may cost is
bounded: sheets are short, their selectors plain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from django.utils.html import escape, linebreaks

CONTENT = re.compile(r"<!--\s*content\s*-->")
"""Where in a layout the HTML of the mail goes."""

MARKDOWN_MAX, BRACKETS_MAX = 20_000, 1_000
SHEET_MAX, RULES_MAX, TAGS_MAX = 8_000, 100, 2_000

_SELECTOR = re.compile(r"[\w\s.#,>*-]+")
_OPEN, _CLOSE = re.compile(r"<style\b[^<>]{0,200}>", re.IGNORECASE), re.compile(r"</style\s{0,9}>", re.IGNORECASE)


def from_markdown(text: str) -> str:
    """HTML. Of a text that would take long to read as Markdown, paragraphs."""
    if len(text) > MARKDOWN_MAX or text.count("[") > BRACKETS_MAX:
        return linebreaks(escape(text))
    return _markdown().render(text)  # type: ignore[no-any-return]


def within(layout: str, html: str) -> str:
    """`html` in its place of the layout; a layout without a place for it comes before it."""
    before, place, after = _parted(layout)
    return f"{before}{html}{after}" if place else f"{layout}{html}"


def with_styles_inline(html: str) -> str:
    """The same with the rules of its `<style>` elements in the elements that they are for, and no sheet any more. Rules
    with selectors that are not plain (of tags, classes and ids), and all of a sheet that is too long, are left out."""
    markup, sheet = _without_sheets(html)
    rules = list(_rules(sheet)) if len(sheet) <= SHEET_MAX else []
    if not rules or len(rules) > RULES_MAX or markup.count("<") > TAGS_MAX:
        return markup
    return _inliner().inline_fragment(markup, "".join(rules))  # type: ignore[no-any-return]


def _parted(layout: str) -> tuple[str, bool, str]:
    found = CONTENT.search(layout)
    return (layout[: found.start()], True, layout[found.end() :]) if found else (layout, False, "")


def _without_sheets(html: str) -> tuple[str, str]:
    """Markup and style sheets, apart, in one pass. A sheet that is never closed is cut off."""
    kept, sheets, place = [], [], 0
    while opened := _OPEN.search(html, place):
        kept.append(html[place : opened.start()])
        closed = _CLOSE.search(html, opened.end())
        if closed is None:
            place = len(html)
            break
        sheets.append(html[opened.end() : closed.start()])
        place = closed.end()
    return "".join([*kept, html[place:]]), "".join(sheets)


def _rules(sheet: str) -> Iterator[str]:
    for rule in re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL).split("}"):
        selector, brace, declarations = rule.partition("{")
        if brace and "{" not in declarations and _SELECTOR.fullmatch(selector):
            yield f"{selector}{{{declarations}}}"


@cache
def _markdown() -> Any:
    from markdown_it import MarkdownIt  # a site that sends no mail need not have it

    return MarkdownIt("js-default", {"html": False})


@cache
def _inliner() -> Any:
    from css_inline import CSSInliner

    return CSSInliner(load_remote_stylesheets=False, keep_style_tags=False, keep_link_tags=False)
