"""A short way through templates that are nothing but text and plain values, like `Order {{ payload.number }} shipped`:
most of them. What comes out is what the full renderer makes; where that is not certain, the full renderer is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from liquid import BoundTemplate
from liquid.ast import Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.output import OutputNode

Piece = str | tuple[str, ...]
"""A text as it stands, or the names that lead to a value."""

LONGEST = 10_000
"""Characters of the whole from which on the full renderer counts what it costs."""

_SPECIAL = frozenset({"size", "first", "last"})


def pieces(template: BoundTemplate) -> Sequence[Piece] | None:
    """The pieces of a template that has no tags, filters or computed names; None for any other."""
    found = [_piece(node) for node in template.nodes]
    return [piece for piece in found if piece is not None] if None not in found else None


def fill(template: Sequence[Piece], context: Mapping[str, Any]) -> str | None:
    """The text, or None when a value is missing, long or anything but a text or a whole number."""
    out: list[str] = []
    room = LONGEST
    for piece in template:
        if type(piece) is str:
            out.append(piece)
            continue
        value: Any = context
        for name in piece:
            if type(value) is not dict or name not in value:
                return None
            value = value[name]
        if type(value) is int and value.bit_length() < 64:
            value = str(value)
        elif type(value) is not str:
            return None
        room -= len(value)
        if room < 0:
            return None
        out.append(value)
    return "".join(out)


def _piece(node: Node) -> Piece | None:
    if type(node) is ContentNode:
        return node.text
    if type(node) is not OutputNode or type(node.expression) is not FilteredExpression:
        return None
    expression = node.expression
    if expression.filters or type(expression.left) is not Path:
        return None
    names = expression.left.path
    if not all(type(name) is str and name not in _SPECIAL for name in names):
        return None
    return tuple(str(name) for name in names)
