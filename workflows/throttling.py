"""At most so many in a window: counted for a whole set of people in one statement, exactly, whoever counts beside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from django.db import connection, transaction

from notifications.kernel import rowset
from notifications.kernel.clock import db_now

from .models import Throttle
from .people import People
from .step import Scene

BATCH, ROUNDS = 5_000, 20


def scope_of(*names: Any) -> str:
    """What is counted together, by its names, which are plain data."""
    text = json.dumps(names, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def let_through(live: People, scene: Scene, *, scopes: Mapping[int, str], most: int, within: timedelta) -> People:
    """Who of these passes: for each person and scope (`scopes` names that of each place), at most `most` in a window
    that begins with the first and lasts `within`. The earliest runs pass first.

    In the caller's transaction, whose rows are locked until it ends, ordered, so that nobody waits in a circle. Where
    the scene is only supposed, nothing is counted: what is known now is read.
    """
    asking: dict[tuple[str, int], list[int]] = {}
    for _, people in sorted(scene.runs, key=lambda pair: pair[0].id):
        for place in people & live:
            asking.setdefault((scopes[place], scene.ids[place]), []).append(place)
    coming = {key: len(places) for key, places in asking.items()}
    counted = (_with_known(coming, scene) if scene.supposed else _count(coming, scene, within)) if coming else {}
    passed = []
    for key, places in asking.items():
        before = counted[key] - len(places)
        passed += places[: max(most - before, 0)]
    return People.of(passed)


def _count(asking: Mapping[tuple[str, int], int], scene: Scene, within: timedelta) -> dict[tuple[str, int], int]:
    """Add these, and how many there are with them in the window."""
    keys = sorted(asking)
    source, parameters = rowset.table(
        connection,
        "t",
        {
            "scope": ("text", [scope for scope, _ in keys]),
            "person": ("bigint", [person for _, person in keys]),
            "n": ("bigint", [asking[key] for key in keys]),
        },
    )
    at = connection.ops.adapt_datetimefield_value
    table, now, ends_at = Throttle._meta.db_table, at(scene.now), at(scene.now + within)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} AS kept (tenant_id, scope, recipient, n, ends_at)"
            f" SELECT {int(scene.tenant_id)}, t.scope, t.person, t.n, %s FROM {source} WHERE true"
            " ORDER BY t.scope, t.person ON CONFLICT (tenant_id, scope, recipient) DO UPDATE SET"
            " n = CASE WHEN kept.ends_at <= %s THEN excluded.n ELSE kept.n + excluded.n END,"
            " ends_at = CASE WHEN kept.ends_at <= %s THEN excluded.ends_at ELSE kept.ends_at END"
            " RETURNING scope, recipient, n",
            [ends_at, *parameters, now, now],
        )
        return {(scope, person): n for scope, person, n in cursor.fetchall()}


def _with_known(asking: Mapping[tuple[str, int], int], scene: Scene) -> dict[tuple[str, int], int]:
    """How many there would be with these in the window that is open at the time of the scene, as far as is known."""
    keys = sorted(asking)
    source, parameters = rowset.table(
        connection,
        "t",
        {"scope": ("text", [scope for scope, _ in keys]), "person": ("bigint", [person for _, person in keys])},
        sought=True,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT kept.scope, kept.recipient, kept.n FROM {source} JOIN {Throttle._meta.db_table} kept"
            f" ON kept.tenant_id = {int(scene.tenant_id)} AND kept.scope = t.scope AND kept.recipient = t.person"
            " WHERE kept.ends_at > %s",
            [*parameters, connection.ops.adapt_datetimefield_value(scene.now)],
        )
        known = {(scope, person): n for scope, person, n in cursor.fetchall()}
    return {key: n + known.get(key, 0) for key, n in asking.items()}


def forget_ended() -> int:
    """For the ticker: take away windows that ended, a batch a transaction; how many rows, at most `ROUNDS` batches."""
    ended = Throttle.objects.across_tenants().filter(ends_at__lt=db_now()).order_by("ends_at")
    if connection.features.has_select_for_update_skip_locked:
        ended = ended.select_for_update(skip_locked=True)
    done = 0
    for _ in range(ROUNDS):
        with transaction.atomic():
            found = list(ended.values_list("pk", flat=True)[:BATCH])
            Throttle.objects.across_tenants().filter(pk__in=found).delete()
        done += len(found)
        if len(found) < BATCH:
            break
    return done
