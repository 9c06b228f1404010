"""What one rendering of a template may cost: steps, time, and the size of every value that it makes.

Steps make the verdict the same on every machine; the clock catches what they do not see. So that a busy process never
fails a template, what counts is the thread's own CPU time, and at most `PAUSE` between two looks at the clock: one
operation of a template takes no longer, a garbage collection may.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from time import monotonic, thread_time
from typing import Any, TextIO

from liquid import BoundTemplate, RenderContext
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.tags.cycle_tag import CycleNode
from liquid.exceptions import FilterArgumentError, LiquidError
from liquid.expression import Expression
from liquid.filter import sequence_filter, string_filter
from liquid.token import Token
from liquid.undefined import UNDEFINED

STEPS_MAX = 5_000
"""Turns of all loops, filters and assignments together."""

SECONDS_MAX, PAUSE = 0.05, 0.01
TEXT_MAX = 100_000
"""Characters in a value that a filter is given or makes; within a list, of all its texts."""

ELEMENTS_MAX = 10_000
"""Elements of such a value, those of inner lists too."""

RANGE_MAX = 2_000
NUMBER_MAX = 10**18
DATE_MAX = 100

_SHALLOW = frozenset({"size", "first", "last", "default"})
"""Filters that do not look at the whole of a list, so it may be as long as a payload's."""


class OverBudget(LiquidError):
    def __init__(self, message: str) -> None:
        super().__init__(message, token=None)


class Budget(RenderContext):
    """The context of one rendering, which counts. Every variable, loop, filter and assignment passes here."""

    __slots__ = ("cpu", "looked", "seconds", "steps")

    def __init__(self, template: BoundTemplate, *, globals: Mapping[str, object]) -> None:  # noqa: A002 - its name
        super().__init__(template, globals=globals)
        self.steps, self.seconds, self.cpu, self.looked = 0, 0.0, thread_time(), monotonic()

    def spend(self) -> None:
        self.steps += 1
        if self.steps > STEPS_MAX:
            raise OverBudget(f"it takes more than {STEPS_MAX} steps")
        self.look()

    def look(self) -> None:
        """At the clock."""
        now = monotonic()
        passed = now - self.looked
        self.looked = now
        self.seconds += passed if passed < PAUSE else PAUSE
        if self.seconds > SECONDS_MAX:
            self.seconds = min(self.seconds, thread_time() - self.cpu)
            if self.seconds > SECONDS_MAX:
                raise OverBudget(f"it takes longer than {SECONDS_MAX * 1000:.0f} ms")

    def get(self, path: list[object], *, token: Token | None, default: object = UNDEFINED) -> object:
        self.look()
        return super().get(path, token=token, default=default)

    def assign(self, key: str, val: Any) -> None:
        self.spend()
        super().assign(key, val)

    def loop(self, namespace: Mapping[str, object], forloop: Any) -> Any:
        forloop.it = self._counted(forloop.it)
        return super().loop(namespace, forloop)

    def _counted(self, elements: Iterator[Any]) -> Iterator[Any]:
        for element in elements:
            self.spend()
            yield element

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        self.spend()
        return partial(_filtered, name, super().filter(name, token))


def bounded(template: BoundTemplate) -> BoundTemplate:
    """The same template, with ranges and cycles that keep within bounds: the parser makes these by itself."""
    context = RenderContext(template)
    nodes, expressions = list(template.nodes), list[Expression]()
    while nodes:
        node = nodes.pop()
        if type(node) is CycleNode:
            node.__class__ = _Cycle
        nodes.extend(node.children(context, include_partials=False))
        expressions.extend(node.expressions())
    while expressions:
        expression = expressions.pop()
        if type(expression) is RangeLiteral:
            expression.__class__ = _Range
        expressions.extend(expression.children())
    return template


class _Range(RangeLiteral):
    __slots__ = ()

    def evaluate(self, context: RenderContext) -> range:
        found = super().evaluate(context)
        if found.stop - found.start > RANGE_MAX:
            raise OverBudget(f"the range has more than {RANGE_MAX} elements")
        if isinstance(context, Budget):
            context.spend()
        return found


class _Cycle(CycleNode):
    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        check_size("cycle", [arg.evaluate(context) for arg in self.args])
        return super().render_to_output(context, buffer)


def _filtered(name: str, call: Callable[..., Any], left: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a filter with values of bounded size, when what it will make is of bounded size too."""
    if name not in _SHALLOW:
        for value in (left, *args, *kwargs.values()):
            check_size(name, value)
        if name in _PREDICTIONS and _PREDICTIONS[name](left, *args) > TEXT_MAX:
            raise _too_large(name)
    result = call(left, *args, **kwargs)
    if name not in _SHALLOW:
        check_size(name, result)
    return result


def check_size(name: str, value: Any) -> None:
    """Raises OverBudget for a text, list or number that is too large. Cheap for lists of plain values."""
    if isinstance(value, str):
        if len(value) > TEXT_MAX:
            raise _too_large(name)
    elif isinstance(value, int):
        if abs(value) > NUMBER_MAX:
            raise _too_large(name)
    elif isinstance(value, list | tuple | range | dict):
        _check_all(name, value)


def _check_all(name: str, value: Any) -> None:
    elements, characters, waiting = 0, 0, [value]
    while waiting:
        inner = waiting.pop()
        elements += len(inner)
        if elements > ELEMENTS_MAX:
            raise _too_large(name)
        if isinstance(inner, dict):
            characters += sum(map(len, inner))
            inner = inner.values()
        elif isinstance(inner, range):
            continue
        kinds = set(map(type, inner))
        if kinds == {str}:
            characters += sum(map(len, inner))
        elif not kinds <= {int, float, bool}:
            for one in inner:
                if isinstance(one, str):
                    characters += len(one)
                elif isinstance(one, list | tuple | dict | range):
                    waiting.append(one)
        if characters > TEXT_MAX:
            raise _too_large(name)


def _too_large(name: str) -> OverBudget:
    return OverBudget(f"'{name}' was given or made a value that is too large")


def _replaced(left: Any, old: Any = "", new: Any = "", *_: Any) -> int:
    text, old, new = str(left), str(old), str(new)
    return len(text) + text.count(old) * (len(new) - len(old))


def _joined(left: Any, separator: Any = " ", *_: Any) -> int:
    return len(str(separator)) * len(left) if isinstance(left, list | tuple | range) else 0


def _pieces(left: Any, separator: Any = "", *_: Any) -> int:
    text, separator = str(left), "" if separator is None else str(separator)
    pieces = text.count(separator) if separator else len(text)
    return 0 if pieces <= ELEMENTS_MAX else TEXT_MAX + 1


def _dated(left: Any, form: Any = "", *_: Any) -> int:
    return 0 if all(len(one) <= DATE_MAX for one in (left, form) if isinstance(one, str)) else TEXT_MAX + 1


_PREDICTIONS: dict[str, Callable[..., int]] = {
    "replace": _replaced,
    "join": _joined,
    "split": _pieces,
    "date": _dated,
}
"""How long the result will be, or more than allowed, for filters whose results grow faster than their arguments."""


@sequence_filter
def uniq(sequence: Iterable[Any], key: object = None) -> list[object]:
    """python-liquid's compares each with each; this one remembers what it has seen."""
    seen, found = set(), []
    for element in sequence:
        known = _known_by(element if key is None else _member(element, key))
        if known not in seen:
            seen.add(known)
            found.append(element)
    return found


def _member(element: Any, key: object) -> Any:
    try:
        return element[key]
    except KeyError:
        return uniq
    except (TypeError, IndexError) as error:
        raise FilterArgumentError(f"can't read property {key!r} of each element", token=None) from error


def _known_by(value: Any) -> Any:
    if isinstance(value, dict | list | tuple):
        return ("json", json.dumps(value, sort_keys=True, default=str))
    return value


@string_filter
def strip_html(text: str) -> str:
    """Text without tags, comments, scripts and styles, in one pass: the parser of the standard library, which
    python-liquid takes, needs seconds for markup that is never closed. What is never closed is text."""
    lowered, kept, place = text.lower(), [], 0
    if len(lowered) != len(text):  # a few letters become two; then case is not ignored
        lowered = text
    while (start := text.find("<", place)) >= 0:
        kept.append(text[place:start])
        ending = next((last for first, last in _WHOLE if lowered.startswith(first, start)), ">")
        is_tag = lowered[start + 1 : start + 2].isalpha() or lowered.startswith(("</", "<!", "<?"), start)
        end = lowered.find(ending, start) if is_tag else start
        if end < 0:
            place = start
            break
        if is_tag:
            place = end + len(ending)
        else:
            place = start + 1
            kept.append("<")
    return "".join([*kept, text[place:]])


_WHOLE = (("<script", "</script>"), ("<style", "</style>"), ("<!--", "-->"))

FILTERS: dict[str, Callable[..., Any]] = {"uniq": uniq, "strip_html": strip_html}
"""Filters of ours in place of python-liquid's."""
