"""Going over to a new encryption key: every secret of every app is written anew with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Cast

from .kernel.encrypted import EncryptedJSONField, key_id, written_by

Model = type[models.Model]


@dataclass
class Rotation:
    """How many secrets of a field were written with an older key, how many were current, and the keys of the rows that
    no key of the list reads. `by_key`: how many are now written with each key, by its id."""

    old: int = 0
    current: int = 0
    unreadable: list[Any] = field(default_factory=list)
    by_key: Counter[str] = field(default_factory=Counter)


def encrypted_fields() -> Iterator[tuple[Model, str]]:
    """Every encrypted field of every installed model, and its name."""
    for model in apps.get_models(include_auto_created=True):
        for one in model._meta.local_concrete_fields:
            if isinstance(one, EncryptedJSONField):
                yield model, one.name


def key_ids() -> list[str]:
    """The ids of the keys of NOTIFYHUB_ENCRYPTION_KEYS, in their order: the first writes."""
    return [key_id(key) for key in settings.NOTIFYHUB_ENCRYPTION_KEYS]


def rotate(model: Model, name: str, *, batch: int = 500, dry: bool = False) -> Rotation:
    """Write this field anew with the first key where another wrote it, `batch` rows a transaction. What is current is
    left alone, what cannot be read left as it is. `dry`: only count."""
    found, last, first = Rotation(), None, key_ids()[0]
    while page := _page(model, name, last, batch):
        last = page[-1][0]
        writers = {key: written_by(text) for key, text in page if text}
        old = [key for key, writer in writers.items() if writer not in {first, None}]
        if old and not dry:
            _rewrite(model, name, old)
        found.old += len(old)
        found.current += sum(writer == first for writer in writers.values())
        found.unreadable += [key for key, writer in writers.items() if writer is None]
        found.by_key.update(writer if dry else first for writer in writers.values() if writer)
    return found


def _page(model: Model, name: str, last: Any, size: int) -> list[tuple[Any, str]]:
    """(key, text as it is stored) of the next rows."""
    rows = model._base_manager.annotate(_stored=Cast(name, models.TextField())).order_by("pk")
    return list((rows if last is None else rows.filter(pk__gt=last)).values_list("pk", "_stored")[:size])


def _rewrite(model: Model, name: str, keys: list[Any]) -> None:
    """Rows are locked and read anew, so that a secret that is changed at this moment stays changed."""
    with transaction.atomic():
        rows = model._base_manager.filter(pk__in=keys).order_by("pk").select_for_update(of=("self",)).only(name)
        model._base_manager.bulk_update(list(rows), [name])  # writing is what encrypts
