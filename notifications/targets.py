"""What a notice is about: one object of the host's, which people may follow or mute. Verbs for both, in sets.

    follow([alice, bob], document)      # or {"type": "document", "id": "17"}
    trigger("document.changed", target=document, recipients=[{"followers": True}], …)
    mute([alice], document)

Whoever has muted an object is told nothing about it, but for what is critical. What the object is, only the host knows:
here it is a type and an id.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connections, models

from .kernel import rowset
from .models import TARGET_MAX, Attention, Recipient, Stance

Pair = tuple[int, str]
"""A recipient's id, and an object in its spelling."""

TYPE_MAX, ID_MAX = 100, 200
_TYPE = re.compile(r"[a-z][a-z0-9_.\-]*")


@dataclass(frozen=True, order=True)
class Target:
    """An object by its `type` (lower-case letters, digits, `_`, `.`, `-`) and its `id` in that type."""

    type: str
    id: str

    def __post_init__(self) -> None:
        if not (isinstance(self.type, str) and len(self.type) <= TYPE_MAX and _TYPE.fullmatch(self.type)):
            raise ValueError(
                f"The `type` of an object is up to {TYPE_MAX} of a-z, 0-9, `_`, `.` and `-`, a letter first."
            )
        if not (isinstance(self.id, str) and 0 < len(self.id) <= ID_MAX and self.id.isprintable()):
            raise ValueError(f"The `id` of an object is text of 1 to {ID_MAX} printable characters.")

    @classmethod
    def of(cls, given: Any) -> Target:
        """From one, from `{"type": …, "id": …}`, from its spelling, or from a row of the host's: its model's label and
        its key. Raises ValueError."""
        match given:
            case Target():
                return given
            case models.Model() if given.pk is not None:
                return cls(given._meta.label_lower, str(given.pk))
            case str():
                return cls.parse(given)
            case Mapping() if set(given) == {"type", "id"}:
                return cls(given["type"], given["id"])
        raise ValueError('An object is {"type": …, "id": …}, or a saved row of yours.')

    @classmethod
    def parse(cls, spelt: str) -> Target:
        """From its spelling, `type:id`. Raises ValueError."""
        kind, colon, name = spelt.partition(":")
        if not colon:
            raise ValueError("An object is spelt `type:id`.")
        return cls(kind, name)

    def __str__(self) -> str:
        return f"{self.type}:{self.id}"

    def to_json(self) -> dict[str, str]:
        return {"type": self.type, "id": self.id}


assert len(str(Target("t" * TYPE_MAX, "i" * ID_MAX))) <= TARGET_MAX


def follow(people: Collection[Recipient], target: Any) -> None:
    """These people follow the object from now on; whoever had muted it has not any more. One statement. Raises
    ValueError."""
    _take(people, Target.of(target), Stance.FOLLOW)


def mute(people: Collection[Recipient], target: Any) -> None:
    """These people hear nothing of the object any more, but for what is critical; whoever followed it does not any
    more. One statement. Raises ValueError."""
    _take(people, Target.of(target), Stance.MUTE)


def forget(people: Collection[Recipient], target: Any) -> int:
    """These people neither follow the object nor have muted it; for how many that is news."""
    rows = Attention.objects.filter(tenant__in={one.tenant_id for one in people}, target=str(Target.of(target)))
    return rows.filter(recipient__in=[one.pk for one in people]).delete()[0]


def muted_among(pairs: Collection[Pair], *, using: str = "default") -> set[Pair]:
    """Those of these people and objects where the person has muted the object. One statement."""
    return _standing(pairs, Stance.MUTE, using)


def following_among(pairs: Collection[Pair], *, using: str = "default") -> set[Pair]:
    """Those where the person follows the object. One statement."""
    return _standing(pairs, Stance.FOLLOW, using)


def check(targets: Iterable[str]) -> None:
    """Raises ValueError where one of these is no spelling of an object."""
    for one in targets:
        Target.parse(one)


def lines(targets: Iterable[str]) -> str:
    """Objects, which were checked, as a column keeps them: a line each, each once."""
    return "\n".join(dict.fromkeys(targets))


def of_lines(kept: str) -> tuple[Target, ...]:
    """The objects of such a column. A line that is none, which nothing of ours writes, is passed over."""
    return tuple(_parsed(kept))


def _parsed(kept: str) -> Iterator[Target]:
    for line in kept.splitlines():
        with suppress(ValueError):
            yield Target.parse(line)


def _take(people: Collection[Recipient], target: Target, stance: Stance) -> None:
    if any(one.ad_hoc for one in people):
        raise ValidationError("An address follows nothing; name a person.")
    ordered = sorted(people, key=lambda one: one.pk)  # two who write the same people wait one for the other
    Attention.objects.bulk_create(
        [Attention(tenant_id=one.tenant_id, recipient=one, target=str(target), stance=stance) for one in ordered],
        update_conflicts=True,
        unique_fields=["recipient", "target"],
        update_fields=["stance"],
    )


def _standing(pairs: Collection[Pair], stance: Stance, using: str) -> set[Pair]:
    if not pairs:
        return set()
    connection, ordered = connections[using], sorted(pairs)
    columns: dict[str, rowset.Column] = {
        "recipient": ("bigint", [recipient for recipient, _ in ordered]),
        "target": ("text", [target for _, target in ordered]),
    }
    source, values = rowset.table(connection, "t", columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT a.recipient_id, a.target FROM {source} JOIN {Attention._meta.db_table} a"
            " ON a.recipient_id = t.recipient AND a.target = t.target WHERE a.stance = %s",
            [*values, stance.value],
        )
        return {(row[0], row[1]) for row in cursor.fetchall()}
