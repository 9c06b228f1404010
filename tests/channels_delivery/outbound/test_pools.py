"""Tenants share a process and nothing else: no connection, no DNS thread beyond their share."""

import asyncio
import threading

import pytest

from channels_delivery.outbound.aio import Limits, Outbound
from channels_delivery.outbound.answer import Code, OutboundError
from channels_delivery.outbound.policy import Rules
from channels_delivery.outbound.sync import SyncOutbound

from .clients import TLS
from .servers import OK, Receiver

pytestmark = pytest.mark.once


def lookup(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


async def _post(out: Outbound, receiver: Receiver, *, tenant: object, deadline: float = 10.0) -> None:
    await out.post(receiver.origin, headers={}, body=b"", deadline=deadline, tenant=tenant)  # type: ignore[arg-type]


def _outbound(receiver: Receiver, **given: int) -> Outbound:
    return Outbound(Rules.of(origins=[receiver.origin]), lookup=lookup, tls=TLS, limits=Limits(**given))


def test_a_connection_is_used_again_by_its_tenant_alone() -> None:
    async def turns(receiver: Receiver) -> None:
        async with _outbound(receiver) as out:
            for tenant in ("acme", "globex", "acme", "globex"):
                await _post(out, receiver, tenant=tenant)

    with Receiver(OK) as receiver:
        asyncio.run(turns(receiver))

    acme, globex, acme_again, globex_again = receiver.peers
    assert (acme, globex) == (acme_again, globex_again)
    assert acme != globex


def test_what_an_endpoint_leaves_behind_is_never_read_as_the_answer_to_another_tenant() -> None:
    smuggled = OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"

    async def turns(receiver: Receiver) -> bytes:
        async with _outbound(receiver) as out:
            await _post(out, receiver, tenant="mallory")
            receiver.script = lambda exchange: exchange.send(OK)
            answer = await out.post(receiver.origin, headers={}, body=b"", deadline=10.0, tenant="alice")
            return answer.body

    with Receiver(smuggled) as receiver:
        assert asyncio.run(turns(receiver)) == b"ok"


def test_without_a_tenant_no_connection_is_kept() -> None:
    async def turns(receiver: Receiver) -> None:
        async with _outbound(receiver) as out:
            for _ in range(3):
                await _post(out, receiver, tenant=None)

    with Receiver(OK) as receiver:
        asyncio.run(turns(receiver))

    assert len(set(receiver.peers)) == 3


def test_the_client_that_blocks_keeps_no_connection() -> None:
    with Receiver(OK) as receiver:
        out = SyncOutbound(Rules.of(origins=[receiver.origin]), lookup=lookup, tls=TLS)
        for _ in range(3):
            out.post(receiver.origin, headers={}, body=b"", deadline=10.0)
        out.close()

    assert len(set(receiver.peers)) == 3


def test_each_thread_has_a_session_of_its_own() -> None:
    out = SyncOutbound(Rules(), tls=TLS)
    others: list[object] = []
    thread = threading.Thread(target=lambda: others.append(out.session))
    thread.start()
    thread.join()

    assert out.session is out.session
    assert others != [out.session]


def test_the_pool_unused_for_longest_is_closed() -> None:
    async def turns(receiver: Receiver) -> None:
        async with _outbound(receiver, tenants=2) as out:
            for tenant in ("acme", "globex", "acme", "initech", "acme", "globex"):
                await _post(out, receiver, tenant=tenant)

    with Receiver(OK) as receiver:
        asyncio.run(turns(receiver))

    assert receiver.peers[0] == receiver.peers[2] == receiver.peers[4]
    assert receiver.peers[1] != receiver.peers[5]


def test_a_tenants_endpoint_gets_no_more_connections_at_a_time_than_allowed() -> None:
    most, open_now, lock = 0, 0, threading.Lock()
    full = threading.Barrier(2)

    def count(exchange: object) -> None:
        nonlocal most, open_now
        with lock:
            open_now += 1
            most = max(most, open_now)
        full.wait(10)  # both that may come are here
        with lock:
            open_now -= 1
        exchange.send(OK)  # type: ignore[attr-defined]

    async def flood(receiver: Receiver) -> None:
        async with _outbound(receiver, per_host=2) as out:
            await asyncio.gather(*(_post(out, receiver, tenant="acme") for _ in range(8)))

    with Receiver(count) as receiver:
        asyncio.run(flood(receiver))

    assert most == 2


def test_slow_names_of_one_tenant_leave_threads_to_the_others() -> None:
    slow_names, answered = threading.Semaphore(0), threading.Event()  # at least one is under way; all may end

    def sluggish(host: str, port: int) -> list[str]:
        if host.startswith("slow"):
            slow_names.release()
            answered.wait(30)
        return ["127.0.0.1"]

    async def turns(receiver: Receiver) -> int:
        rules = Rules.of(origins=[receiver.origin])
        async with Outbound(rules, lookup=sluggish, tls=TLS, limits=Limits(dns_threads=4)) as out:
            slow = [
                asyncio.create_task(
                    out.post(f"https://slow{n}.example.com/", headers={}, body=b"", deadline=30.0, tenant="mallory")
                )
                for n in range(20)
            ]
            await asyncio.to_thread(slow_names.acquire)
            await _post(out, receiver, tenant="alice", deadline=5.0)
            answered.set()
            ended = await asyncio.gather(*slow, return_exceptions=True)
            return sum(isinstance(one, OutboundError) and one.code == Code.REFUSED for one in ended)

    with Receiver(OK) as receiver:
        assert asyncio.run(turns(receiver)) == 20

    assert len(receiver.requests) == 1
