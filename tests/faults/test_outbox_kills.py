"""Workers of the outbox are killed, stopped and doubled: nothing is lost, and a success is on record once."""

import time

import pytest

from channels_delivery.models import Attempt

from .hands import SHORT
from .hasty import POISON
from .outbox_rig import Rig, ended, let_leases_end, rows, states
from .rig import chance, rounds, wait_for
from .sink import Reply, first_and_then

pytestmark = [pytest.mark.postgres, pytest.mark.faults]


def test_workers_killed_again_and_again_lose_nothing(rig: Rig) -> None:
    many, kills = rounds(few=300, soak=2_000), rounds(few=4, soak=20)
    with chance("outbox killed") as moments:
        rig.sink.rule = lambda _: Reply(after=moments.uniform(0.01, 0.1))
        # What a kill hits goes to the end of its queue, which is long enough that nobody's turn is hit three times.
        rig.load(many, tenants=rig.tenants(4), cap=2 if many < 1_000 else 4)
        for kill in range(kills):
            with rig.hands(2, lease=SHORT) as crew:
                so_far = many * kill // (kills + 1)
                wait_for(lambda so_far=so_far: ended() >= so_far and rows().filter(state="sending").exists())
                time.sleep(moments.uniform(0, 0.1))  # not a wait: the moment of the blow
                rig.kill(crew)
        with rig.hands(2, lease=SHORT):
            rig.wait_until_settled()

    found = rig.reckon()
    assert found.hits >= 0.8 * kills
    assert 0 < found.again <= kills * 2 * 100
    assert states().keys() <= {"delivered", "dead"}
    assert not rows().filter(state="dead", lost__lt=3)


def test_a_worker_that_slept_past_its_lease_writes_nothing(rig: Rig) -> None:
    rig.sink.rule = first_and_then(Reply(after=3))  # time enough to stop it first
    rig.post(rig.tenant(), *(f"/{n}" for n in range(8)))
    with rig.nursery.hands(1, rig.patient) as [zombie]:
        wait_for(lambda: len(rig.sink.seen) == 8)
        zombie.stop()
        let_leases_end()
        with rig.hands(1):
            rig.wait_until_settled()
        before = set(Attempt.objects.values_list("delivery_id", "no", "result", "finished_at"))

        wait_for(lambda: all(seen.done for seen in rig.sink.seen))
        zombie.go_on()
        rig.post(rig.tenant("later"), "/later")
        rig.wait_until_settled()

    assert before <= set(Attempt.objects.values_list("delivery_id", "no", "result", "finished_at"))
    found = rig.reckon()
    assert (found.lost, found.again, found.states) == (8, 8, {"delivered": 9})


@pytest.mark.parametrize(
    ("point", "seen"), [("after_claim", 1), ("before_send", 1), ("after_send", 2), ("before_settle", 2)]
)
def test_what_a_dead_worker_held_is_sent_again_under_the_same_id(rig: Rig, point: str, seen: int) -> None:
    rig.post(rig.tenant(), "/hook")
    with rig.hands(1, crash_at=point) as [fated]:
        wait_for(lambda: not fated.alive)
    assert states() == {"sending": 1}
    let_leases_end()

    with rig.hands(1):
        rig.wait_until_settled()

    found = rig.reckon()
    assert (found.requests, found.again, found.lost, found.states) == (seen, seen - 1, 1, {"delivered": 1})


def test_a_message_that_kills_its_workers_is_dead_after_three_and_the_others_go_on(rig: Rig) -> None:
    """The others are under way beside it each time, and not given up with it."""
    rig.sink.rule = lambda _: Reply(after=0.1)
    rig.load(8, tenants=rig.tenants(2))
    rig.post(rig.tenant("poisoner"), "/poison", body=POISON)
    deaths = 0
    while rows().filter(finished_at=None).exists():
        with rig.hands(1) as [hand]:
            wait_for(lambda hand=hand: not hand.alive or not rows().filter(finished_at=None).exists())
            deaths += not hand.alive
        let_leases_end()

    found = rig.reckon()
    assert deaths == 3
    assert found.states == {"delivered": 8, "dead": 1}
    assert rows().get(state="dead").address.endswith("/poison")
