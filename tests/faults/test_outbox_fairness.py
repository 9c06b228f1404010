"""What the others notice of a tenant that hangs, one that floods, and one whose message kills workers: a figure, and
that everything of theirs arrives meanwhile.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from channels_delivery.models import Attempt
from notifications.models import Tenant

from .hands import Hand
from .hasty import POISON
from .outbox_rig import Rig, rows
from .reckoning import REPORTS, p99
from .rig import SOAK, rounds, wait_for
from .sink import Reply

pytestmark = [pytest.mark.postgres, pytest.mark.faults]
LEASE = 3.0


def test_others_are_served_while_one_hangs_one_floods_and_one_kills(rig: Rig) -> None:
    healthy, waves = rig.tenants(8), rounds(few=20, soak=200)
    rig.sink.rule = lambda seen: Reply(hangs=seen.path.startswith("/hanging"), after=0.005)
    with rig.hands(2, lease=LEASE) as crew, kept_alive(rig, crew):
        calm = served(rig, healthy, waves=waves, wave="calm")

        rig.load(200, tenants=[rig.tenant("hanging")], endpoints=10)
        rig.load(rounds(few=500, soak=5_000), tenants=[rig.tenant("flooding")], endpoints=10)
        rig.post(rig.tenant("poisoning"), "/poison", body=POISON)
        amid = served(rig, healthy, waves=waves, wave="amid")

        hanging = rows().filter(address__contains="/hanging/")
        assert hanging.filter(finished_at=None).exists(), "it ended before they did"
    if SOAK:  # of a few, the 99th percentile is whoever was beside the poison
        REPORTS.append(
            f"fairness: p99 of the others {calm * 1000:.0f} ms in calm, {amid * 1000:.0f} ms amid a hanging, a flooding"
            f" and a poisoning tenant ({amid / calm:.1f} ×; the goal is 2)"
        )


def served(rig: Rig, tenants: Sequence[Tenant], *, waves: int, wave: str) -> float:
    """Wave after wave of letters, a steady trickle; the 99th percentile of the seconds from due to started."""
    pause = threading.Event()
    for number in range(waves):
        rig.enqueue(*(rig.letter(one, f"/{wave}/{one.slug}/{number}") for one in tenants))
        pause.wait(0.05)  # the pace of the trickle
    mine = rows().filter(address__contains=f"/{wave}/")
    wait_for(lambda: not mine.filter(finished_at=None).exists())
    assert set(mine.values_list("state", flat=True)) == {"delivered"}
    due = dict(mine.values_list("pk", "created_at"))  # `due_at` moves when a lease is lost
    starts = Attempt.objects.filter(delivery__in=list(due), result="delivered").values_list("delivery_id", "started_at")
    return p99((started - due[row]).total_seconds() for row, started in starts)


@contextmanager
def kept_alive(rig: Rig, crew: list[Hand]) -> Iterator[None]:
    """Whoever dies is replaced at once, as Celery does."""
    over = threading.Event()

    def look_after() -> None:
        while not over.wait(0.02):
            for place, hand in enumerate(crew):
                if not hand.alive:
                    crew[place] = rig.nursery.hand(rig.settings, lease=LEASE)

    minder = threading.Thread(target=look_after)
    minder.start()
    try:
        yield
    finally:
        over.set()
        minder.join()
