"""Words from templates: Liquid over plain data, with budgets, for authors who are not trusted.

A template never sees an object, a call or a file; loops, output, depth, namespace and the size of every filter's
arguments and results are bounded. Which recipient paths a text names is known before it is rendered, so a text
that names none is rendered once for everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any

from liquid import BoundTemplate, Environment
from liquid.exceptions import LiquidError
from liquid.undefined import Undefined

SOURCE_MAX = 64 * 1024
VALUE_MAX = 100_000
FORBIDDEN_TAGS = ("include", "render", "extends", "block", "macro", "call", "translate")


class TemplateProblem(ValueError):
    """A template that cannot be parsed or does not keep within its budget; the text says what and where."""


class _Bounded(Environment):
    loop_iteration_limit = 2_000
    output_stream_limit = 256_000
    local_namespace_limit = 20_000
    context_depth_limit = 20


def _environment() -> Environment:
    environment = _Bounded(autoescape=False, undefined=Undefined)
    for tag in FORBIDDEN_TAGS:
        environment.tags.pop(tag, None)
    for name, call in list(environment.filters.items()):
        environment.filters[name] = _bounded(name, call)
    return environment


def _bounded(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    def checked(*args: Any, **kwargs: Any) -> Any:
        for value in args:
            _check_size(name, value)
        result = call(*args, **kwargs)
        _check_size(name, result)
        return result

    checked.__dict__.update(getattr(call, "__dict__", {}))
    return checked


def _check_size(name: str, value: Any) -> None:
    """Also refuses the large numbers with which `9 | times: …` would grow without end."""
    too_long = isinstance(value, str | list | tuple | range | dict) and len(value) > VALUE_MAX
    too_large = isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**18
    if too_long or too_large:
        raise LiquidError(f"the filter '{name}' was given or made a value that is too large", token=None)


_ENVIRONMENT = _environment()


@lru_cache(maxsize=4096)
def parse(source: str) -> BoundTemplate:
    """The template of `source`, cached by its text. Raises TemplateProblem with line and column."""
    if len(source) > SOURCE_MAX:
        raise TemplateProblem(f"The template has {len(source)} characters; {SOURCE_MAX} are allowed.")
    try:
        template = _ENVIRONMENT.from_string(source)
        used = template.analyze(include_partials=False).filters
    except (LiquidError, RecursionError) as error:
        raise TemplateProblem(_place(error)) from error
    for name, spans in used.items():
        if name not in _ENVIRONMENT.filters:
            line = source.count("\n", 0, spans[0].index) + 1
            raise TemplateProblem(f"line {line}: there is no filter '{name}'")
    return template


def render(source: str, context: Mapping[str, Any]) -> str:
    """`source` with the values of `context` (plain data). A missing value is empty. Raises TemplateProblem."""
    if "{" not in source:
        return source
    try:
        return parse(source).render(**context)
    except (LiquidError, RecursionError, ArithmeticError, ValueError, TypeError) as error:
        raise TemplateProblem(_place(error)) from error


@lru_cache(maxsize=4096)
def paths(source: str) -> frozenset[str]:
    """Every path that the text reads from its context, like `recipient.name`. Raises TemplateProblem."""
    return frozenset(str(path) for path in parse(source).global_variable_paths())


def _place(error: Exception) -> str:
    token = getattr(error, "token", None)
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    if token is None:
        return text
    before = token.source[: max(token.start_index, 0)]
    return f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}: {text}"
