"""The switches of the settings page: all of a channel, then each category with its workflows, as they are decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from notifications.kinds import Kind
from notifications.models import Recipient

from ..overview import Cell, Line, Matrix
from ..precedence import Named, whether
from ..reading import said_about
from ..verdict import Send, Subject
from ..words import said_to_you
from .forms import key_of


@dataclass(frozen=True)
class Switch:
    """`own`: the person said so of exactly this; `why`: who decided, in a sentence."""

    key: str
    channel: str
    on: bool
    own: bool
    locked: bool
    why: str


@dataclass(frozen=True)
class Row:
    """`width`: `channel`, `category`, a workflow `within` one, or a `workflow` in none. `switches` stand in the order
    of the channels; None where this never uses the channel. `lock`: why some of them cannot be moved."""

    name: str
    description: str
    width: str
    critical: bool
    switches: Sequence[Switch | None]
    lock: str = ""


def rows_of(person: Recipient, matrix: Matrix) -> list[Row]:
    """One query beside those of the matrix."""
    return [_of_channels(person, matrix.channels), *_of_lines(matrix)]


def _of_channels(person: Recipient, channels: Sequence[Kind]) -> Row:
    subjects = [Subject("", "", kind.key) for kind in channels]
    said = said_about(subjects, [person.pk], tenant_id=person.tenant_id)
    decided = whether(subjects, [person.pk], choices=said.choices, of_tenant=said.of_tenant)
    own = {kind: wanted for _person, workflow, category, kind, wanted in said.choices if not (workflow or category)}
    name = _("Everything")
    switches = []
    for kind, answers in zip(channels, decided, strict=True):
        decision = answers[person.pk]
        cell = Cell(kind.key, isinstance(decision, Send), own.get(kind.key), decision)
        switches.append(_switch(("", "", kind.key), cell, kind))
    lock = next((one.why for one in switches if one.locked), "")
    return Row(name, _("Counts wherever nothing narrower is said below."), "channel", False, switches, lock)


def _of_lines(matrix: Matrix) -> Iterator[Row]:
    """A category has switches for what its workflows use; one without workflows is left out."""
    used: dict[str, set[str]] = {}
    for line in matrix.lines:
        if line.workflow:
            used.setdefault(line.category, set()).update(cell.channel for cell in line.cells)
    above = ""
    for line in matrix.lines:
        if not line.workflow and line.category not in used:
            continue
        cells = {cell.channel: cell for cell in line.cells if line.workflow or cell.channel in used[line.category]}
        width = ("within" if line.category else "workflow") if line.workflow else "category"
        of_line = [*_of_line(line, cells, matrix.channels)]
        lock = "" if line.critical else next((one.why for one in of_line if one and one.locked), "")
        told = width == "within" and lock == above
        yield Row(line.name, line.description, width, line.critical, of_line, "" if told else lock)
        above = lock if width == "category" else above


def _of_line(line: Line, cells: Mapping[str, Cell], channels: Sequence[Kind]) -> Iterator[Switch | None]:
    for kind in channels:
        named = (line.workflow, "" if line.workflow else line.category, kind.key)
        yield _switch(named, cells[kind.key], kind) if kind.key in cells else None


def _switch(named: Named, cell: Cell, kind: Kind) -> Switch:
    why = cell.note or said_to_you(cell.decision)
    return Switch(key_of(named), str(kind.name), cell.on, cell.choice is not None, cell.locked, why)
