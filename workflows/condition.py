"""Conditions as values: a small JSON logic over plain data. Pure; a checked condition never fails.

    {"and": [{">=": [{"var": "payload.days"}, 3]}, {"in": [{"var": "recipient.role"}, ["owner", "admin"]]}]}

| form | true when |
|---|---|
| `true`, `false` | as it says |
| `{"and": […]}`, `{"or": […]}`, `{"not": …}` | of conditions |
| `{"==": [a, b]}`, `{"!=": [a, b]}` | equal values of the same type; `!=` is the opposite |
| `{"<": [a, b]}`, `<=`, `>`, `>=` | two numbers, or two texts by their characters |
| `{"in": [a, list]}` | the list has it |
| `{"contains": [whole, a]}` | the list has it, or the text has this text in it |
| `{"exists": "path"}` | there is a value, and it is not null |
| `{"var": "path"}`, `{"var": ["path", default]}` | the value is `true` |

Operands are plain values or `var`. A value that is not there is null. Where types do not fit, the answer is no.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

DEPTH_MAX, NODES_MAX, PATH_MAX = 10, 200, 200
SCHEMA: Mapping[str, Any] = {"type": ["boolean", "object"]}
"""What JSON Schema can say of a setting that holds a condition; `problems_of_condition` says the rest."""

Values = Mapping[str, Any]


def holds(condition: Any, values: Values) -> bool:
    """Whether it is true of these values: `{"payload": {…}, "recipient": {…}, …}`."""
    if not isinstance(condition, Mapping):
        return condition is True
    ((name, given),) = condition.items()
    match name:
        case "and":
            return all(holds(one, values) for one in given)
        case "or":
            return any(holds(one, values) for one in given)
        case "not":
            return not holds(given, values)
        case "var":
            return _value(condition, values) is True
        case "exists":
            return value_at(values, given) is not None
        case _:
            left, right = (_value(one, values) for one in given)
            return _COMPARE[name](left, right)


def paths_of(condition: Any) -> frozenset[str]:
    """Every path that it reads."""
    return frozenset(_paths(condition))


def value_at(values: Any, path: str) -> Any:
    """The value of a dotted path, numbers for places of a list; None where there is none."""
    for part in path.split("."):
        if isinstance(values, Mapping):
            values = values.get(part)
        elif isinstance(values, list | tuple) and part.isdecimal() and len(part) < 7 and int(part) < len(values):
            values = values[int(part)]
        else:
            return None
    return values


def canonical(value: Any) -> Any:
    """The one spelling, as JSON, of all values that `==` takes for equal: of 1 and 1.0 it is 1."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return {name: canonical(one) for name, one in value.items()}
    return [canonical(one) for one in value] if isinstance(value, list | tuple) else value


def problems_of_condition(condition: Any, *, roots: Mapping[str, Sequence[str] | None]) -> Iterator[str]:
    """What is wrong with it, in sentences. `roots` are the names that a path may begin with, each with what may follow,
    or None for anything."""
    deepest, nodes = _shape(condition)
    if deepest > DEPTH_MAX:
        yield _("It is nested deeper than %(limit)s levels.") % {"limit": DEPTH_MAX}
    elif nodes > NODES_MAX:
        yield _("It has %(n)s parts; %(limit)s are allowed.") % {"n": nodes, "limit": NODES_MAX}
    else:
        yield from _problems(condition, roots)


def _problems(condition: Any, roots: Mapping[str, Sequence[str] | None]) -> Iterator[str]:
    """Of a part that is to be true or false."""
    if isinstance(condition, bool):
        return
    if not isinstance(condition, Mapping) or len(condition) != 1:
        yield _('A condition is true, false, or an object with one operator, like {"==": [a, b]}.')
        return
    ((name, given),) = condition.items()
    match name:
        case "and" | "or":
            if not isinstance(given, list | tuple) or not given:
                yield _('"%(name)s" takes a list of conditions.') % {"name": name}
                return
            for one in given:
                yield from _problems(one, roots)
        case "not":
            yield from _problems(given, roots)
        case "var":
            yield from _problems_of_value(condition, roots)
        case "exists":
            yield from _problems_of_path(given, roots)
        case _ if name in _COMPARE:
            if not isinstance(given, list | tuple) or len(given) != 2:
                yield _('"%(name)s" takes two values in a list.') % {"name": name}
                return
            for one in given:
                yield from _problems_of_value(one, roots)
        case _:
            known = ", ".join(["and", "or", "not", "exists", "var", *_COMPARE])
            yield _('There is no operator "%(name)s"; known: %(known)s.') % {"name": name, "known": known}


def _problems_of_value(value: Any, roots: Mapping[str, Sequence[str] | None]) -> Iterator[str]:
    if isinstance(value, list | tuple):
        if any(isinstance(one, Mapping | list | tuple) for one in value):
            yield _("A list in a condition holds plain values only.")
    elif isinstance(value, Mapping):
        given = value.get("var") if len(value) == 1 else None
        path, *default = given if isinstance(given, list | tuple) and given else [given]
        if "var" not in value or len(value) != 1 or len(default) > 1:
            yield _('A value is plain, a list of plain ones, or {"var": "path"}, {"var": ["path", default]}.')
            return
        yield from _problems_of_path(path, roots)
        if default and isinstance(default[0], Mapping):
            yield _("A default is a plain value or a list of them.")


def _problems_of_path(path: Any, roots: Mapping[str, Sequence[str] | None]) -> Iterator[str]:
    if not isinstance(path, str) or not path or len(path) > PATH_MAX or not all(path.split(".")):
        yield _("A path is text like payload.amount, of at most %(limit)s characters.") % {"limit": PATH_MAX}
        return
    root, _dot, rest = path.partition(".")
    if root not in roots:
        yield _('"%(path)s" begins with none of: %(known)s.') % {"path": path, "known": ", ".join(roots)}
        return
    known = roots[root]
    if known is not None and (inner := rest.partition(".")[0]) not in known:
        listed = ", ".join(known) or _("nothing")
        yield _('"%(path)s": there is no %(root)s.%(inner)s; known: %(known)s.') % {
            "path": path,
            "root": root,
            "inner": inner,
            "known": listed,
        }


def _shape(condition: Any) -> tuple[int, int]:
    """How many levels of operators (or of lists in lists) it has, and how many parts; without recursion."""
    deepest, nodes, waiting = 0, 0, [(condition, 0, True)]
    while waiting:
        part, depth, counts = waiting.pop()
        nodes += 1
        if isinstance(part, Mapping):
            waiting += [(one, depth + 1, False) for one in part.values()]
        elif isinstance(part, list | tuple):
            waiting += [(one, depth + counts, True) for one in part]
        deepest = max(deepest, depth)
    return deepest, nodes


def _paths(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        for name, given in part.items():
            if name in {"var", "exists"}:
                yield given if isinstance(given, str) else given[0]
            else:
                yield from _paths(given)
    elif isinstance(part, list | tuple):
        for one in part:
            yield from _paths(one)


def _value(operand: Any, values: Values) -> Any:
    if not isinstance(operand, Mapping):
        return operand
    given = operand["var"]
    path, *default = [given] if isinstance(given, str) else given
    found = value_at(values, path)
    return default[0] if found is None and default else found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(left: Any, right: Any) -> bool:
    """Equal as JSON: 1 is 1.0, but not true."""
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(_same(value, right[name]) for name, value in left.items())
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _ordered(left: Any, right: Any) -> bool:
    return (_is_number(left) and _is_number(right)) or (isinstance(left, str) and isinstance(right, str))


def _has(whole: Any, part: Any) -> bool:
    return isinstance(whole, list | tuple) and any(_same(one, part) for one in whole)


def _contains(whole: Any, part: Any) -> bool:
    return part in whole if isinstance(whole, str) and isinstance(part, str) else _has(whole, part)


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": _same,
    "!=": lambda left, right: not _same(left, right),
    "<": lambda left, right: _ordered(left, right) and left < right,
    "<=": lambda left, right: _ordered(left, right) and left <= right,
    ">": lambda left, right: _ordered(left, right) and left > right,
    ">=": lambda left, right: _ordered(left, right) and left >= right,
    "in": lambda left, right: _has(right, left),
    "contains": _contains,
}
