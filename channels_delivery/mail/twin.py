"""The text twin of HTML: what it says, for who reads mail as text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(
    {"blockquote", "div", "h1", "h2", "h3", "h4", "ol", "p", "pre", "table", "tr", "ul", "li", "hr"}
)  # fmt: skip
_LONG = frozenset({"blockquote", "h1", "h2", "h3", "h4", "ol", "p", "pre", "table", "ul"})
"""Those that stand apart from what is around them by an empty line."""


def text_of(html: str) -> str:
    """`html` is what `allowed_markup` left, so it is well formed. Links are followed by their address."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = [re.sub(r"[ \t]+", " ", line).strip() for line in "".join(reader.said).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        match tag:
            case "br":
                self.said.append("\n")
            case "li":
                self.said.append("\n- ")
            case "td" | "th":
                self.said.append(" ")
            case "img":
                self.said.append(given.get("alt", ""))
            case "a":
                self._links.append((given.get("href", ""), len(self.said)))
            case _:
                self._part(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._links:
            url, start = self._links.pop()
            if url and "".join(self.said[start:]).strip() != url.removeprefix("mailto:"):
                self.said.append(f" ({url})")
        elif tag != "li":
            self._part(tag)

    def handle_data(self, data: str) -> None:
        self.said.append(re.sub(r"\s+", " ", data))

    def _part(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.said.append("\n\n" if tag in _LONG else "\n")
