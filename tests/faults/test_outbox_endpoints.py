"""Endpoints that hang, drip, refuse, ask for patience, break off, or show a bad certificate."""

import socket
import threading
from bisect import bisect_left
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path as File
from typing import Any

import pytest

from channels_delivery import outbox
from channels_delivery.courier import drain
from channels_delivery.models import Attempt, Lane
from channels_delivery.outbox import Way
from notifications.kernel.clock import db_now
from tests.channels_delivery.outbound.certificates import Authority
from tests.channels_delivery.outbound.servers import Receiver

from .hasty import DEADLINE, NAMELESS, Hasty
from .outbox_rig import Rig, rows, states
from .proxy import Fault, Path, Proxy
from .rig import SOAK, chance, rounds, wait_for
from .sink import Reply, first_and_then, most_at_once

pytestmark = [pytest.mark.postgres, pytest.mark.faults]
CLOSING = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def test_a_tenant_whose_endpoint_hangs_keeps_nobody_waiting(rig: Rig) -> None:
    """Thirty seconds are its right; all others are through before its first answer."""
    slow, others = rig.tenant("slow"), rig.tenants(10)
    rig.sink.rule = lambda seen: Reply(hangs=seen.path.startswith("/slow"))
    rig.load(200, tenants=[slow], endpoints=1)
    healthy = rig.sink.origin + "/t"
    with rig.nursery.hands(1, rig.patient):
        wait_for(lambda: most_at_once(rig.sink.seen) == 8)
        rig.load(300, tenants=others)
        wait_for(lambda: rows().filter(address__startswith=healthy, state="delivered").count() == 300)

        assert states() == {"delivered": 300, "sending": 8, "pending": 192}


def test_who_never_answers_is_given_up_at_the_deadline(rig: Rig) -> None:
    ways = {"/hang": Reply(hangs=True), "/drip": Reply(drip=0.2), "/late": Reply(after=60)}
    rule = {path: first_and_then(reply) for path, reply in ways.items()}
    rig.sink.rule = lambda seen: rule[seen.path](seen)
    for path in ways:
        rig.post(rig.tenant(path[1:]), path)

    with rig.hands(1):
        rig.wait_until_settled()

    assert rig.reckon().states == {"delivered": 3}
    given_up = list(Attempt.objects.filter(no=1))
    assert {one.code for one in given_up} == {"timeout"}
    if SOAK:
        assert all(_length(one) <= DEADLINE + 1 for one in given_up)


def test_retry_after_is_obeyed_by_the_clock_of_the_receiver(rig: Rig) -> None:
    in_two_seconds = format_datetime(db_now().replace(microsecond=0) + timedelta(seconds=3), usegmt=True)
    asked = {"/1": ("1", 1.0), "/date": (in_two_seconds, 1.0), "/-5": ("-5", 0.0), "/rubbish": ("soon", 0.0)}
    rule = {path: first_and_then(Reply(429, {"Retry-After": said}, asks=s)) for path, (said, s) in asked.items()}
    rig.sink.rule = lambda seen: rule[seen.path](seen)
    for number, path in enumerate(asked):
        rig.post(rig.tenant(f"t{number}"), path)

    with rig.hands(1):
        wait_for(lambda: rows().filter(address__endswith="/1", state="delivered").exists())
        wait_for(lambda: rows().filter(address__endswith="/date", state="delivered").exists())
        rig.wait_in_spite_of_breakers()  # without a time, the whole lane rests for thirty seconds

    assert rig.reckon().states == {"delivered": 4}


def test_ten_years_of_patience_are_cut_to_a_day(rig: Rig) -> None:
    rig.sink.rule = lambda _: Reply(503, {"Retry-After": str(10 * 365 * 86_400)[:9]})
    origin = rig.post(tenant := rig.tenant(), "/hook")
    assert drain() == 1

    lane = Lane.objects.get(tenant=tenant)
    assert lane.open_at is not None
    assert timedelta(hours=23) < lane.open_at - db_now() <= timedelta(hours=24)
    assert rig.cancel(origin) == (1, 0)
    assert rig.reckon().states == {"cancelled": 1}


def test_what_fails_every_time_is_dead_after_its_last_try(rig: Rig) -> None:
    rig.sink.rule = lambda seen: Reply(int(seen.path[1:]))
    tenant, statuses = rig.tenant(), [301, 404, 408, 421, 425, 500, 502]
    for status in statuses:
        rig.post(tenant, f"/{status}", way=Way(f"{status}"))

    with rig.hands(1):
        rig.wait_in_spite_of_breakers()

    found = rig.reckon()
    tries = len(Hasty.policy.steps) + 1
    assert (found.states, found.requests) == ({"dead": len(statuses)}, tries * len(statuses))


def test_retries_are_spread(rig: Rig) -> None:
    """As many lanes as letters, so that no breaker gathers them."""
    rig.sink.rule = first_and_then(Reply(500))
    rig.load(60, tenants=rig.tenants(1), endpoints=60)

    drain()

    firsts = dict(Attempt.objects.filter(result="retry").values_list("delivery_id", "finished_at"))
    waits = [(row.due_at - firsts[row.pk]).total_seconds() for row in rows()]
    step = Hasty.policy.steps[0]
    assert 0.8 * step - 0.001 <= min(waits) < 0.95 * step < 1.05 * step < max(waits) <= 1.2 * step + 0.001


def test_ten_thousand_retries_at_once_keep_to_cap_and_rate(rig: Rig) -> None:
    many = rounds(few=600, soak=10_000)
    rig.sink.rule = lambda _: Reply(after=0.005)
    tenants, rate = rig.tenants(2), rounds(few=100, soak=1_000)
    capped = [rig.letter(tenants[0], f"/capped/{n}", way=Way("capped", cap=4)) for n in range(many // 2)]
    paced = [rig.letter(tenants[1], f"/paced/{n}", way=Way("paced", cap=64, rate=rate)) for n in range(many // 2)]
    rig.enqueue(*capped, *paced)

    with rig.hands(3):
        rig.wait_until_settled(seconds=400)

    found = rig.reckon()
    assert (found.states, found.requests) == ({"delivered": many}, many)
    assert most_at_once([seen for seen in rig.sink.seen if seen.path.startswith("/capped")]) <= 4
    of_the_paced = rows().filter(tenant=tenants[1]).values("pk")
    starts = sorted(Attempt.objects.filter(delivery__in=of_the_paced).values_list("started_at", flat=True))
    within_a_second = [bisect_left(starts, start + timedelta(seconds=1)) - n for n, start in enumerate(starts)]
    assert max(within_a_second) <= 2 * rate, "the rate, and a burst of one second"


def test_an_answer_cut_at_any_byte_is_a_retry_under_the_same_id(rig: Rig) -> None:
    whole = len(b"HTTP/1.1 200 Said\r\nContent-Length: 2\r\n\r\nok")
    tenant = rig.tenant()
    cuts = range(1, whole, rounds(few=7, soak=1))
    with chance("cut") as moments, Proxy(rig.sink.port) as proxy:
        rig.allow(at := f"http://127.0.0.1:{proxy.port}")
        for cut in cuts:
            then = moments.choice(["close", "reset"])
            proxy.paths = [Path(answered=Fault(after=cut, then=then))]
            rig.post(tenant, f"/cut/{cut}", at=at, way=Way(f"cut{cut}"))
            drain()
        rig.post(tenant, "/whole", at=at)
        with rig.hands(1):
            rig.wait_in_spite_of_breakers()

    found = rig.reckon()
    assert (found.states, found.requests) == ({"delivered": len(cuts) + 1}, 2 * len(cuts) + 1)


def test_a_request_cut_on_its_way_is_sent_again(rig: Rig) -> None:
    tenant, cuts = rig.tenant(), [1, 40, 200]
    with Proxy(rig.sink.port) as proxy:
        rig.allow(at := f"http://127.0.0.1:{proxy.port}")
        for cut in cuts:
            proxy.paths = [Path(asked=Fault(after=cut, then="reset"))]
            rig.post(tenant, f"/cut/{cut}", at=at, way=Way(f"cut{cut}"))
            drain()
        with rig.hands(1):
            rig.wait_in_spite_of_breakers()

    found = rig.reckon()
    assert (found.states, found.requests) == ({"delivered": len(cuts)}, len(cuts))


@pytest.mark.parametrize(
    ("host", "given", "state"),
    [
        ("localhost", {}, "delivered"),
        ("localhost", {"expired": True}, "failed"),
        ("localhost", {"own": False}, "failed"),
        ("hub.example.com", {}, "failed"),
    ],
)
def test_a_bad_certificate_gets_no_words_and_is_a_matter_of_setup(
    rig: Rig, tmp_path: File, host: str, given: Any, state: str
) -> None:
    authority = Authority(tmp_path)
    with Receiver(CLOSING, tls=authority.server(host, **given)) as receiver:
        rig.allow(receiver.origin)
        rig.set(CA_FILE=str(authority.file))
        rig.post(rig.tenant(), "/hook", at=receiver.origin)

        assert drain() == 1

    [row] = rows()
    assert (row.state, row.code) == (state, "" if state == "delivered" else "config")
    assert len(receiver.requests) == (state == "delivered")


@pytest.mark.parametrize("trouble", [socket.EAI_NONAME, socket.EAI_AGAIN, None], ids=["nxdomain", "servfail", "slow"])
def test_a_name_that_does_not_resolve_is_asked_again(rig: Rig, trouble: int | None) -> None:
    """The first look fails, or takes longer than there is time; the next one finds it."""
    answered = threading.Event()

    def lookup(host: str, port: int) -> list[str]:
        if not rows().filter(attempt=1, state="sending").exists():
            return ["127.0.0.1"]
        if trouble is None:
            answered.wait(30)
        raise socket.gaierror(trouble or socket.EAI_AGAIN, "no")

    rig.set(BACKENDS=["tests.faults.hasty.NAMELESS"])
    rig.allow(at := f"http://localhost:{rig.sink.port}")
    NAMELESS.lookup = lookup
    rig.post(rig.tenant(), "/hook", at=at)

    assert drain() == 1
    assert (states(), rows()[0].code) == ({"pending": 1}, "timeout" if trouble is None else "network")
    answered.set()
    wait_for(lambda: drain() == 1)

    assert rig.reckon().states == {"delivered": 1}


def test_of_ten_the_three_that_failed_are_sent_once_more(rig: Rig) -> None:
    rig.sink.rule = lambda seen: Reply(413 if seen.path in {"/2", "/5", "/7"} else 200)
    rig.post(rig.tenant(), *(f"/{n}" for n in range(10)))
    assert drain() == 10
    assert states() == {"delivered": 7, "failed": 3}

    rig.sink.rule = lambda _: Reply()
    outbox.replay(list(rows()), now=db_now())
    assert drain() == 3

    assert sorted(seen.path for seen in rig.sink.seen[10:]) == ["/2", "/5", "/7"]
    assert rig.reckon().states == {"delivered": 10, "failed": 3}


def _length(attempt: Attempt) -> float:
    assert attempt.finished_at is not None
    return (attempt.finished_at - attempt.started_at).total_seconds()
