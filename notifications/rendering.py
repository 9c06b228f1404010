"""Words from templates: Liquid over plain data, with budgets, for authors who are not trusted.

A template never sees an object, a call or a file; its length, its steps, its time, its output, its depth and every
value that it makes are bounded. Which recipient paths a text names is known before it is rendered, so a text that
names none is rendered once for everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from liquid import BoundTemplate, Environment
from liquid.exceptions import LiquidError
from liquid.token import Token
from liquid.undefined import Undefined

from .template_budget import FILTERS, Budget, bounded
from .template_lexer import tokens
from .template_plain import Piece, fill, pieces

SOURCE_MAX = 64 * 1024
FORBIDDEN_TAGS = ("include", "render", "extends", "block", "macro", "call", "translate", "liquid")

_LONG = 4_096
"""Characters from which on a text counts as long: of these fewer are kept parsed."""


class TemplateProblem(ValueError):
    """A template that cannot be parsed or does not keep within its budget; the text says what and where."""


class _Bounded(Environment):
    output_stream_limit = 256_000
    local_namespace_limit = 20_000
    context_depth_limit = 20

    def tokenizer(self) -> Callable[[str], Iterator[Token]]:
        return tokens


def _environment() -> Environment:
    environment = _Bounded(autoescape=False, undefined=Undefined)
    for tag in FORBIDDEN_TAGS:
        environment.tags.pop(tag, None)
    environment.filters.update(FILTERS)
    return environment


_ENVIRONMENT = _environment()


def parse(source: str) -> BoundTemplate:
    """The template of `source`, cached by its text. Raises TemplateProblem with line and column."""
    return _parse_short(source) if len(source) < _LONG else _parse_long(source)


def render(source: str, context: Mapping[str, Any]) -> str:
    """`source` with the values of `context` (plain data). A missing value is empty. Raises TemplateProblem, and
    nothing else, whatever the template does."""
    if "{" not in source:
        return source
    template = parse(source)
    short = _pieces(source) if len(source) < _LONG else None
    if short is not None and (text := fill(short, context)) is not None:
        return text
    try:
        buffer = template._get_buffer()
        template.render_with_context(Budget(template, globals=context), buffer)
        return buffer.getvalue()
    except Exception as error:  # an author's mistake may come out of any filter in any form
        raise TemplateProblem(_place(error)) from error


@lru_cache(maxsize=4096)
def paths(source: str) -> frozenset[str]:
    """Every path that the text reads from its context, like `recipient.name`. Raises TemplateProblem."""
    template = parse(source)
    try:
        return frozenset(str(path) for path in template.global_variable_paths())
    except Exception as error:
        raise TemplateProblem(_place(error)) from error


def _parsed(source: str) -> BoundTemplate:
    if len(source) > SOURCE_MAX:
        raise TemplateProblem(f"The template has {len(source)} characters; {SOURCE_MAX} are allowed.")
    try:
        template = bounded(_ENVIRONMENT.from_string(source))
        used = template.analyze(include_partials=False).filters
    except Exception as error:
        raise TemplateProblem(_place(error)) from error
    for name, spans in used.items():
        if name not in _ENVIRONMENT.filters:
            line = source.count("\n", 0, spans[0].index) + 1
            raise TemplateProblem(f"line {line}: there is no filter '{name}'")
    return template


@lru_cache(maxsize=2048)
def _pieces(source: str) -> Sequence[Piece] | None:
    return pieces(parse(source))


_parse_short = lru_cache(maxsize=2048)(_parsed)
_parse_long = lru_cache(maxsize=64)(_parsed)


def _place(error: Exception) -> str:
    """What is wrong, and where. A text that is nested too deeply for the parser says so itself."""
    if isinstance(error, RecursionError) or isinstance(error.__cause__, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, MemoryError):
        return "it takes too much memory"
    token = error.token if isinstance(error, LiquidError) else None
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    if token is None:
        return text
    before = token.source[: max(token.start_index, 0)]
    return f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}: {text}"
