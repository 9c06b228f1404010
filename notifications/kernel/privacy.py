"""What is kept of a person, to be handed to them or taken away: each app says what it has.

`notifications/privacy.py` asks them all. An app exports its rows as JSON, and erases by set: what is the person's alone
is deleted or emptied, and what is said of them elsewhere loses their name (`scrub`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q, QuerySet, TextField
from django.db.models.functions import Cast

ERASED = "[erased]"
SHORTEST = 3
"""A name with fewer characters is not looked for in texts: it would be found in half of them."""
PAGE = 500


@dataclass(frozen=True)
class Person:
    """Whose rows: `ids` are theirs as recipient, with those of mere addresses that are theirs; `names` is what tells
    of them in a text: external id, name, mail address, phone."""

    tenant_id: int
    ids: tuple[int, ...]
    names: tuple[str, ...] = ()

    @cached_property
    def pattern(self) -> re.Pattern[str] | None:
        """Finds their names as whole words, in upper and lower case."""
        said = sorted({name for name in self.names if len(name) >= SHORTEST}, key=len, reverse=True)
        return (
            re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in said), re.IGNORECASE) if said else None
        )

    def taken_out(self, value: Any) -> Any:
        """The same JSON, or text, without their names."""
        match value:
            case str() if self.pattern:
                return self.pattern.sub(ERASED, value)
            case Mapping():
                return {self.taken_out(name): self.taken_out(inner) for name, inner in value.items()}
            case list() | tuple():
                return [self.taken_out(inner) for inner in value]
            case _:
                return value


@dataclass(frozen=True)
class Part:
    """`export(person)` answers lists of rows as JSON, by name. `erase(person, now=…)` runs in the caller's transaction
    and answers how many rows of which name it changed or deleted: nothing at the second time."""

    export: Callable[[Person], Mapping[str, Any]]
    erase: Callable[..., Mapping[str, int]]


PARTS: dict[str, Part] = {}


def register(
    app: str, *, export: Callable[[Person], Mapping[str, Any]], erase: Callable[..., Mapping[str, int]]
) -> None:
    """Have this app asked too. Called from `AppConfig.ready()`."""
    PARTS[app] = Part(export, erase)


def export_all(person: Person) -> dict[str, Any]:
    """What all apps have of them."""
    return {name: rows for part in PARTS.values() for name, rows in part.export(person).items()}


def erase_all(person: Person, *, now: datetime) -> dict[str, int]:
    """Erase it everywhere, the apps above first: what they have is found by what lies below."""
    parts = [PARTS[app] for app in sorted(PARTS, key=lambda app: (app != "workflows", app == "notifications", app))]
    return {name: count for part in parts for name, count in part.erase(person, now=now).items() if count}


def plain(rows: QuerySet[Any], *columns: str, **renamed: Any) -> list[dict[str, Any]]:
    """These columns of the rows as JSON."""
    found = list(rows.values(*columns, **renamed))
    told: list[dict[str, Any]] = json.loads(json.dumps(found, cls=DjangoJSONEncoder))
    return told


def scrub(rows: QuerySet[Any], columns: Sequence[str], person: Person) -> int:
    """Take the person's names out of these columns, texts or JSON; how many rows had one. Reads only rows in which one
    is found, and writes some hundred in a statement."""
    if person.pattern is None:
        return 0
    changed, count = list[Model](), 0
    for row in _mentioning(rows, columns, person).iterator(chunk_size=PAGE):
        before = [getattr(row, column) for column in columns]
        after = [person.taken_out(value) for value in before]
        if after != before:
            for column, value in zip(columns, after, strict=True):
                setattr(row, column, value)
            changed.append(row)
            count += 1
    rows.model._base_manager.bulk_update(changed, columns, batch_size=PAGE)
    return count


def _mentioning(rows: QuerySet[Any], columns: Sequence[str], person: Person) -> QuerySet[Any]:
    """Those in which one of the names occurs, as it is or as JSON spells it."""
    wanted = {name for name in person.names if len(name) >= SHORTEST}
    spelled = wanted | {json.dumps(name)[1:-1] for name in wanted}
    texts = {f"text_of_{column}": Cast(column, TextField()) for column in columns}
    anywhere = Q(*(Q((f"{text}__icontains", one)) for text in texts for one in sorted(spelled)), _connector=Q.OR)
    found: QuerySet[Any] = rows.annotate(**texts).filter(anywhere)
    return found
