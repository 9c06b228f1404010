"""The reckoning notices each kind of fraud: one that never complains proves nothing."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from channels_delivery.courier import drain
from channels_delivery.models import Attempt, Lane
from notifications.kernel.clock import db_now

from .outbox_rig import Rig, rows
from .reckoning import reckon, webhook_id
from .sink import Reply

pytestmark = [pytest.mark.postgres, pytest.mark.faults]


def _settled_again(rig: Rig) -> None:
    Attempt.objects.update(code="crash")


def _recorded_twice(rig: Rig) -> None:
    for row in rows():
        Attempt.objects.create(delivery=row, no=2, started_at=db_now(), finished_at=db_now(), result="delivered")


def _too_early(rig: Rig) -> None:
    for row in rows():
        now = db_now()
        Attempt.objects.filter(delivery=row).update(no=2, started_at=now)
        Attempt.objects.create(delivery=row, no=1, started_at=now, finished_at=now, result="retry")


def _impatient(rig: Rig) -> None:
    first = rig.sink.seen[0]
    first.reply = Reply(asks=60)
    rig.sink.seen.append(first)
    [row] = [row for row in rows() if webhook_id(row) == first.id]
    Attempt.objects.create(delivery=row, no=2, started_at=db_now(), result="lost")


def _other_words(rig: Rig) -> None:
    rig.sink.seen[0].got.headers["webhook-id"] = rig.sink.seen[1].id  # type: ignore[index]


def _cancelled(rig: Rig) -> None:
    rig.books.cancels[rows()[0].origin] = 0


FRAUDS: list[tuple[str, Callable[[Rig], Any]]] = [
    ("I1", lambda _: rows()[0].delete()),
    ("I1", lambda rig: rig.post(next(one.tenant for one in rig.hooks.values()), "/never-sent")),
    ("I1", lambda rig: rig.books.promises.pop()),
    ("I1", lambda rig: rig.sink.seen.pop()),
    ("I2", _recorded_twice),
    ("I2", _other_words),
    ("I2", lambda _: rows().update(stable_id=uuid.uuid4())),
    ("I4", lambda _: rows().update(state="pending")),
    ("I5", _settled_again),
    ("I7", _too_early),
    ("I7", _impatient),
    ("I12", lambda _: Attempt.objects.all().delete()),
    ("I12", lambda _: Attempt.objects.update(started_at=db_now() + timedelta(seconds=1))),
    ("I13", _cancelled),
    ("lane", lambda _: Lane.objects.across_tenants().update(in_flight=1)),
]


@pytest.mark.parametrize(("broken", "fraud"), FRAUDS, ids=[f"{n}-{code}" for n, (code, _) in enumerate(FRAUDS)])
def test_a_fraud_is_found(rig: Rig, broken: str, fraud: Callable[[Rig], Any]) -> None:
    rig.post(rig.tenant(), "/a")
    rig.post(rig.tenant("globex"), "/b")
    assert drain() == 2
    assert not reckon(rig.books, rig.sink, name="").broken

    fraud(rig)

    assert any(line.startswith(broken) for line in reckon(rig.books, rig.sink, name="").broken)
