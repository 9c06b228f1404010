"""The channels of a batch, as backends get them: read anew for each batch, so that a changed secret counts at once, but
decrypted only when the text in the database is another than last time.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.db import connection

from notifications.kernel import rowset

from .backend import Outlet
from .models import Channel

logger = logging.getLogger(__name__)

KEPT_MAX = 5_000
"""Channels whose clear values are kept in this process."""

SITE = Outlet(None, {}, {})

_kept: dict[int, tuple[tuple[Any, ...], Outlet]] = {}


def outlets(channels: Collection[int]) -> Mapping[int | None, Outlet]:
    """The outlets of these channels (ids), and of `None`, the site's own way. One whose secrets cannot be read, or that
    is gone, is left out. One query."""
    found: dict[int | None, Outlet] = {None: SITE}
    if not channels:
        return found
    chosen, parameters = rowset.any_of(connection, "id", list(channels))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, settings, secrets, paused_at IS NOT NULL, failing_since IS NOT NULL"
            f' FROM "{Channel._meta.db_table}" WHERE {chosen}',
            parameters,
        )
        rows = cursor.fetchall()
    for row in rows:
        kept = _kept.get(row[0])
        outlet = kept[1] if kept is not None and kept[0] == row else _read(row)
        if outlet is not None:
            found[row[0]] = outlet
    return found


def _read(row: tuple[Any, ...]) -> Outlet | None:
    channel, settings, secrets, paused, failing = row
    try:
        clear = Channel._meta.get_field("secrets").from_db_value(secrets)
    except ImproperlyConfigured as error:  # one that cannot be read must not stop the others
        logger.error("channel.unreadable channel=%s error=%s", channel, error)
        return None
    outlet = Outlet(channel, json.loads(settings), clear, bool(paused), bool(failing))
    if len(_kept) >= KEPT_MAX:
        _kept.clear()
    _kept[channel] = row, outlet
    return outlet


def _forget(*, setting: str, **_: Any) -> None:
    if setting == "NOTIFYHUB_ENCRYPTION_KEYS":
        _kept.clear()


setting_changed.connect(_forget)
