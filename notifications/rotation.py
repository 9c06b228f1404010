"""Going over to a new encryption key: every secret of every app is written anew with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Cast

from .kernel.encrypted import EncryptedJSONField, key_id, written_by


class Place(Protocol):
    """Where encrypted texts are stored, one a row."""

    @property
    def label(self) -> str:
        """What people are told of it."""

    def page(self, after: Any, size: int) -> Sequence[tuple[Any, str | None]]:
        """(primary key, text as it is stored) of the next rows; `after` is the last key of the page before, or None."""

    def rewrite(self, keys: Sequence[Any]) -> None:
        """Write the texts of these rows anew, with the first key. Rows are locked and read again, so that a secret that
        is changed at this moment stays changed."""


@dataclass
class Rotation:
    """How many secrets of a place were written with an older key, how many were current, and the keys of the rows that
    no key of the list reads. `by_key`: how many are now written with each key, by its id."""

    old: int = 0
    current: int = 0
    unreadable: list[Any] = field(default_factory=list)
    by_key: Counter[str] = field(default_factory=Counter)


_installed: list[Place] = []


def install(place: Place) -> None:
    """Have the texts of this place rotated as well: for what is encrypted and no field of its own."""
    if place not in _installed:
        _installed.append(place)


def places() -> Iterator[Place]:
    """Every encrypted field of every installed model, and what else apps have installed."""
    for model in apps.get_models(include_auto_created=True):
        for one in model._meta.local_concrete_fields:
            if isinstance(one, EncryptedJSONField):
                yield EncryptedField(model, one.name)
    yield from _installed


def key_ids() -> list[str]:
    """The ids of the keys of NOTIFYHUB_ENCRYPTION_KEYS, in their order: the first writes."""
    return [key_id(key) for key in settings.NOTIFYHUB_ENCRYPTION_KEYS]


def rotate(place: Place, *, batch: int = 500, dry: bool = False) -> Rotation:
    """Write what is here anew with the first key where another wrote it, `batch` rows a transaction. What is current is
    left alone, what cannot be read left as it is. `dry`: only count."""
    found, last, first = Rotation(), None, key_ids()[0]
    while page := place.page(last, batch):
        last = page[-1][0]
        writers = {key: written_by(text) for key, text in page if text}
        old = [key for key, writer in writers.items() if writer not in {first, None}]
        if old and not dry:
            place.rewrite(old)
        found.old += len(old)
        found.current += sum(writer == first for writer in writers.values())
        found.unreadable += [key for key, writer in writers.items() if writer is None]
        found.by_key.update(writer if dry else first for writer in writers.values() if writer)
    return found


@dataclass(frozen=True)
class EncryptedField:
    """An encrypted field of a model."""

    model: type[models.Model]
    name: str

    @property
    def label(self) -> str:
        return f"{self.model._meta.label}.{self.name}"

    def page(self, after: Any, size: int) -> Sequence[tuple[Any, str | None]]:
        rows = self.model._base_manager.annotate(_stored=Cast(self.name, models.TextField())).order_by("pk")
        return list((rows if after is None else rows.filter(pk__gt=after)).values_list("pk", "_stored")[:size])

    def rewrite(self, keys: Sequence[Any]) -> None:
        with transaction.atomic():
            rows = self.model._base_manager.filter(pk__in=keys).order_by("pk")
            held = list(rows.select_for_update(of=("self",)).only(self.name))
            self.model._base_manager.bulk_update(held, [self.name])  # writing is what encrypts
