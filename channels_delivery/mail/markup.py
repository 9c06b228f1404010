"""Which HTML of a tenant's template stands in a mail: an allow list, so that whatever is new is left out."""

from __future__ import annotations

from functools import cache
from typing import Any

# fmt: off
TAGS = frozenset({
    "a", "abbr", "b", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "h4", "hr", "i", "img", "li", "ol",
    "p", "pre", "s", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
    "u", "ul",
})
STYLES = frozenset({
    "background-color", "border", "border-bottom", "border-collapse", "border-left", "border-radius",
    "border-right", "border-top", "color", "font-family", "font-size", "font-style", "font-weight", "height",
    "letter-spacing", "line-height", "list-style-type", "margin", "margin-bottom", "margin-left", "margin-right",
    "margin-top", "max-width", "padding", "padding-bottom", "padding-left", "padding-right", "padding-top",
    "text-align", "text-decoration", "text-transform", "vertical-align", "white-space", "width",
})
# fmt: on
_TABLE = {"align", "bgcolor", "border", "cellpadding", "cellspacing", "colspan", "rowspan", "valign", "width"}
ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    **dict.fromkeys(("table", "td", "th", "tr"), _TABLE),
}
SCHEMES = frozenset({"http", "https", "mailto", "tel"})


def allowed_markup(html: str) -> str:
    """A fragment with what is on the lists and nothing else: no script, style sheet, form, frame or link without a
    scheme of ours, and no image but of https."""
    return _cleaner().clean(html)  # type: ignore[no-any-return]


def _kept(tag: str, attribute: str, value: str) -> str | None:
    return None if (tag, attribute) == ("img", "src") and not value.lower().startswith("https://") else value


@cache
def _cleaner() -> Any:
    import nh3  # a site that sends no mail need not have it

    return nh3.Cleaner(
        tags=set(TAGS),
        attributes=ATTRIBUTES,
        attribute_filter=_kept,
        url_schemes=set(SCHEMES),
        filter_style_properties=set(STYLES),
        link_rel="noopener noreferrer",
    )
