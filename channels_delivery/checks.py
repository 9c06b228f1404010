"""What `manage.py check` says of this app beyond its settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connections

from notifications.kernel.config import check_callable

from .conf import conf
from .push.vapid import NoKey, identity_of


def check_keys(*, databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """`notifyhub.W023`: there are channels, and no key to read their secrets with. Asks the database, so it runs with
    `migrate` and `check --database default`."""
    if getattr(settings, "NOTIFYHUB_ENCRYPTION_KEYS", None):
        return []
    from .models import Channel

    for name in databases or ():
        try:
            table = Channel._meta.db_table in connections[name].introspection.table_names()
            if table and Channel.objects.using(name).across_tenants().exists():
                hint = "Set it to the keys that wrote them, the one to write with first."
                message = "There are channels, but NOTIFYHUB_ENCRYPTION_KEYS is empty."
                return [checks.Warning(message, hint=hint, id="notifyhub.W023")]
        except DatabaseError:  # that it is away is another check's news
            continue
    return []


def check_vapid(**_: Any) -> list[checks.CheckMessage]:
    """`notifyhub.E027`: a key for web push that is none. A site without any sends none."""
    given = conf()
    if not given.vapid_private_key and not given.vapid_subject:
        return []
    try:
        identity_of(given.vapid_private_key, given.vapid_subject)
    except NoKey as error:
        hint = "manage.py notifyhub_vapid makes a pair of keys and says where they go."
        return [checks.Error(f"NOTIFYHUB['CHANNELS_DELIVERY'] {error}", hint=hint, id="notifyhub.E027")]
    return []


def check_gate(**_: Any) -> list[checks.CheckMessage]:
    """`notifyhub.E024`: the gate cannot be found. What waited long would wait on for ever."""
    return check_callable("CHANNELS_DELIVERY", "GATE", id="notifyhub.E024")
