"""A template's text into tokens, in one pass.

python-liquid's own lexer is one regular expression, which takes minutes over 64 KB of `{{` or of blanks. This one
gives the same tokens and looks at each character once or twice; and it refuses what would take long to parse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from liquid.exceptions import LiquidSyntaxError
from liquid.token import (
    TOKEN_COMMENT,
    TOKEN_CONTENT,
    TOKEN_DOC,
    TOKEN_EOF,
    TOKEN_EXPRESSION,
    TOKEN_OUTPUT,
    TOKEN_TAG,
    Token,
)

MARKUPS_MAX = 1_000
"""Tags and outputs in one template."""

EXPRESSION_MAX, EXPRESSIONS_MAX = 4_000, 10_000
"""Characters within one of them, and within all."""

_OPENING = re.compile(r"\{[{%]")
_NAME = re.compile(r"-?\s*(#|\w+)\s*")
_WHOLE = {"raw": re.compile(r"\{%-?\s*endraw\s*(-?)%\}"), "doc": re.compile(r"\{%-?\s*enddoc\s*(-?)%\}")}
"""Tags whose inside is not looked at, and how it ends."""


def tokens(source: str) -> Iterator[Token]:
    """Raises LiquidSyntaxError for what is not closed, or is too much."""
    return _Lexer(source).tokens()


class _Lexer:
    def __init__(self, source: str) -> None:
        self.source, self.place, self.lstrip = source, 0, False
        self.comments = 0  # how deep within {% comment %}
        self.comment_start = 0
        self.markups = self.characters = 0
        self.unclosed: set[str] = set()  # what was looked for to the end in vain is not looked for again

    def tokens(self) -> Iterator[Token]:
        while self.place < len(self.source):
            start, closing = self.place, "}}" if self.source.startswith("{{", self.place) else "%}"
            opens = _OPENING.match(self.source, start)
            end = self._find(closing, start + 2) if opens else -1
            name = _NAME.match(self.source, start + 2) if opens and closing == "%}" else None
            if end < 0 or (closing == "%}" and name is None):
                self._count(0, start) if opens else None
                yield from self._content(start)
                continue
            self._count(end - start, start)
            if name is None:
                yield from self._output(start, end)
            else:
                yield from self._tag(name, start, end)

    def _content(self, start: int) -> Iterator[Token]:
        """Text up to the next markup; text that looks like markup is one that was never closed."""
        found = _OPENING.search(self.source, start + 1)
        self.place = found.start() if found else len(self.source)
        text = self.source[start : self.place]
        if self.comments:
            return
        if self.lstrip:
            text = text.lstrip()
        if found and self.source.startswith("-", found.end()):
            text = text.rstrip()
        if text.startswith("{{"):
            raise self._error("expected '}}', found end of file", start)
        if text.startswith("{%"):
            raise self._error("missing tag name or closing delimiter", start)
        if text:
            yield self._token(TOKEN_CONTENT, text, start)

    def _output(self, start: int, end: int) -> Iterator[Token]:
        self.place = end + 2
        if self.comments:
            return
        yield self._token(TOKEN_OUTPUT, self.source[start : self.place], start)
        inner = start + 2 + self.source.startswith("-", start + 2)
        text, self.lstrip = self._trimmed(inner, end)
        yield self._token(TOKEN_EXPRESSION, text, self._after_blanks(inner, end))

    def _tag(self, found: re.Match[str], start: int, end: int) -> Iterator[Token]:
        name, self.place = found[1], end + 2
        text, strip = self._trimmed(found.end(), end)
        if name in _WHOLE and not text:
            whole = None if name in self.unclosed else _WHOLE[name].search(self.source, end + 2)
            if whole is not None:
                self.place = whole.end()
                if not self.comments:
                    self.lstrip = strip if name == "raw" else bool(whole[1])
                    kind = TOKEN_CONTENT if name == "raw" else TOKEN_DOC
                    yield self._token(kind, self.source[end + 2 : whole.start()], start)
                return
            self.unclosed.add(name)
        if self.comments:
            yield from self._within_comment(name, found.start(1), strip)
            return
        yield self._token(TOKEN_TAG, name, found.start(1))
        self.lstrip = strip
        if text:
            yield self._token(TOKEN_EXPRESSION, text, found.end())
        if name == "comment":
            self.comments, self.comment_start = 1, self.place

    def _within_comment(self, name: str, start: int, strip: bool) -> Iterator[Token]:
        self.comments += {"comment": 1, "endcomment": -1}.get(name, 0)
        if not self.comments:
            text = self.source[self.comment_start : self.source.rfind("{%", 0, start)]
            yield self._token(TOKEN_COMMENT, text, self.comment_start)
            yield self._token(TOKEN_TAG, name, start)
            self.lstrip = strip

    def _trimmed(self, start: int, end: int) -> tuple[str, bool]:
        """What stands between, without blanks around it, and whether blanks behind it are to go."""
        strip = end > start and self.source[end - 1] == "-"
        return self.source[start : end - strip].strip(), strip

    def _after_blanks(self, start: int, end: int) -> int:
        return end - len(self.source[start:end].lstrip())

    def _find(self, closing: str, start: int) -> int:
        end = -1 if closing in self.unclosed else self.source.find(closing, start)
        if end < 0:
            self.unclosed.add(closing)
        return end

    def _count(self, characters: int, start: int) -> None:
        self.markups += 1
        self.characters += characters
        if self.markups > MARKUPS_MAX:
            raise self._error(f"a template may have {MARKUPS_MAX} tags and outputs", start)
        if characters > EXPRESSION_MAX:
            raise self._error(f"a tag or output may have {EXPRESSION_MAX} characters", start)
        if self.characters > EXPRESSIONS_MAX:
            raise self._error(f"its tags and outputs may have {EXPRESSIONS_MAX} characters in all", start)

    def _token(self, kind: str, value: str, start: int) -> Token:
        return Token(kind, value, start_index=start, source=self.source)

    def _error(self, message: str, start: int) -> LiquidSyntaxError:
        return LiquidSyntaxError(message, token=self._token(TOKEN_EOF, self.source[start : start + 20], start))
