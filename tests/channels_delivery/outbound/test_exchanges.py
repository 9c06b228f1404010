"""What an answer does to its connection: kept after a whole one, closed after anything else; and who gets the next.

Here is held what `exchange.py` relies on of aiohttp below its session, so that another version of it shows.
"""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from channels_delivery.outbound.aio import Limits, Outbound
from channels_delivery.outbound.answer import READ_BYTES, Answer, Code, OutboundError
from channels_delivery.outbound.exchange import INTERIM_MAX, RESTED, WHOLE_BYTES, Bounded
from channels_delivery.outbound.policy import Rules

from .certificates import Authority
from .clients import TLS
from .servers import OK, Exchange, Receiver

pytestmark = pytest.mark.once
Script = Callable[[Exchange], None] | bytes


def outbound(receiver: Receiver, **limits: int) -> Outbound:
    return Outbound(Rules.of(origins=[receiver.address]), tls=TLS, limits=Limits(**limits))


def asked(script: Script, *, times: int = 2, body: bytes = b"body") -> tuple[list[Answer], int]:
    """The answers to so many requests, one after the other, and how many connections they took."""

    async def turns(receiver: Receiver) -> list[Answer]:
        async with outbound(receiver) as out:
            given = {"headers": {}, "body": body, "deadline": 5.0, "tenant": 1}
            return [await out.post(receiver.address, **given) for _ in range(times)]  # type: ignore[arg-type]

    with Receiver(script) as receiver:
        return asyncio.run(turns(receiver)), len(set(receiver.peers))


WHOLE = {
    "a length": OK,
    "no body": b"HTTP/1.1 204 No Content\r\n\r\n",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "something after the last chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nRetry-After: 9\r\n\r\n"
    ),
    "an interim answer": b"HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n" + OK,
    "lines without CR": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "HTTP/1.0 that stays": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
}
LAST = {
    "it says so": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "another answer": OK + b"HTTP/1.1 500 Oops\r\nRetry-After: 9\r\nContent-Length: 4\r\n\r\nevil",
    "more than anybody reads": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nok" % (2 * READ_BYTES)
    + b"x" * READ_BYTES,
}


@pytest.mark.parametrize("script", WHOLE.values(), ids=WHOLE)
def test_after_a_whole_answer_the_connection_is_used_again(script: bytes) -> None:
    answers, connections = asked(script)

    assert {(one.status, one.body[:2], one.cut) for one in answers} <= {(200, b"ok", False), (204, b"", False)}
    assert "Retry-After" not in answers[0].headers
    assert connections == 1


@pytest.mark.parametrize("script", LAST.values(), ids=LAST)
def test_after_any_other_it_is_not(script: bytes) -> None:
    answers, connections = asked(script)

    assert {(one.status, one.body[:2]) for one in answers} == {(200, b"ok")}
    assert "Retry-After" not in answers[0].headers
    assert connections == 2


def test_half_an_answer_behind_an_answer_is_no_part_of_the_next() -> None:
    answers, _connections = asked(OK + b"HTTP/1.1 200 OK\r\nContent-Le")

    assert [(one.status, one.body) for one in answers] == [(200, b"ok")] * 2


def test_without_a_length_the_end_of_the_connection_ends_the_body() -> None:
    def until_closed(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\n\r\nok")
        exchange.connection.close()

    answers, connections = asked(until_closed)

    assert [(one.status, one.body, one.cut) for one in answers] == [(200, b"ok", False)] * 2
    assert connections == 2


def test_another_protocol_is_an_answer_and_the_last() -> None:
    answers, connections = asked(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nmore")

    assert [(one.status, one.body) for one in answers] == [(101, b"")] * 2
    assert connections == 2


def test_an_answer_before_the_request_was_sent_is_an_answer_and_the_last() -> None:
    def early(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        exchange.hang()

    async def turns(receiver: Receiver) -> list[int]:
        async with outbound(receiver) as out:
            given = {"headers": {}, "body": b"x" * 50_000_000, "deadline": 5.0, "tenant": 1}
            return [(await out.post(receiver.address, **given)).status for _ in range(2)]  # type: ignore[arg-type]

    with Receiver(early, read=False) as receiver:
        assert asyncio.run(turns(receiver)) == [413, 413]

    assert len(set(receiver.peers)) == 2


def test_a_large_body_arrives_whole() -> None:
    body = b"0123456789" * 200_000

    with Receiver(OK) as receiver:

        async def once() -> Answer:
            async with outbound(receiver) as out:
                return await out.post(receiver.address, headers={}, body=body, deadline=10.0, tenant=1)

        assert asyncio.run(once()).status == 200

    assert receiver.requests[0].endswith(b"\r\n\r\n" + body)


def test_interim_answers_have_an_end_too() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    assert [one.status for one in asked(interim * INTERIM_MAX + OK, times=1)[0]] == [200]

    with pytest.raises(OutboundError) as caught:
        asked(interim * (INTERIM_MAX + 1) + OK, times=1)

    assert caught.value.code == Code.PROTOCOL


@pytest.mark.parametrize("early", [True, False])
def test_who_reads_a_body_is_told_of_what_cannot_be_parsed_behind_the_head(early: bool) -> None:
    """aiohttp closes the connection then, and tells only who waits for a head."""

    async def read() -> None:
        connection = Bounded(asyncio.get_running_loop())
        connection.connection_made(Nowhere())
        connection.set_response_params(read_until_eof=True, max_field_size=100)
        connection.data_received(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Long: ")
        _, content = await connection.read()
        if early:
            connection.watch(content)
        reading = asyncio.ensure_future(content.readany()) if early else None
        await asyncio.sleep(0)  # it waits by now
        connection.data_received(b"y" * 1_000)
        connection.connection_lost(None)
        connection.watch(content)
        await (reading or content.readany())

    with pytest.raises(aiohttp.ClientPayloadError):
        asyncio.run(read())


class Nowhere(asyncio.Transport):
    """What a connection is over."""

    def close(self) -> None: ...

    def abort(self) -> None: ...

    def is_closing(self) -> bool:
        return False


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-More: and more\r\n" * 1000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Long: ", b"y" * 100_000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=", b"y" * 100_000),
    ],
    ids=["interim answers", "trailing fields", "a trailing field", "the name of a chunk"],
)
def test_what_is_no_body_has_an_end_too(start: bytes, more: bytes) -> None:
    sent = 0

    def endless(exchange: Exchange) -> None:
        nonlocal sent
        exchange.send(start)
        while not exchange.stopped.is_set():
            exchange.send(more)
            sent += len(more)

    with Receiver(endless) as receiver:

        async def once() -> Code | int:
            async with outbound(receiver) as out:
                try:
                    return (await out.get(receiver.address, headers={}, deadline=10.0, tenant=1)).status
                except OutboundError as error:
                    return error.code

        assert asyncio.run(once()) in {200, Code.TOO_LARGE, Code.PROTOCOL, Code.NETWORK}

    assert sent < WHOLE_BYTES + 20_000_000  # buffers of the system, not of ours


def test_what_comes_unasked_closes_a_kept_connection() -> None:
    said = threading.Event()

    def and_more(exchange: Exchange) -> None:
        exchange.send(OK)
        said.wait(5)
        exchange.send(b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nevil")

    async def turns(receiver: Receiver) -> Answer:
        async with outbound(receiver) as out:
            await out.get(receiver.address, headers={}, deadline=5.0, tenant=1)
            (pool,) = out._pools.values()
            ((kept, _since),) = (one for idle in pool.connector._conns.values() for one in idle)
            said.set()
            async with asyncio.timeout(5):
                while not kept.should_close:
                    await asyncio.sleep(0)
            return await out.get(receiver.address, headers={}, deadline=5.0, tenant=1)

    with Receiver(and_more) as receiver:
        answer = asyncio.run(turns(receiver))

    assert (answer.status, answer.body) == (200, b"ok")
    assert len(set(receiver.peers)) == 2


@pytest.mark.parametrize(
    "last", [b"", b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nevil"], ids=["its end", "an answer"]
)
@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_a_connection_that_rested_is_looked_at_before_its_use(tmp_path: Path, last: bytes, secure: bool) -> None:
    """The loop has had no time to see what came on it: nothing runs between the last word of the server and the
    request."""
    authority = Authority(tmp_path)
    over, rested = threading.Event(), threading.Event()

    def and_end(exchange: Exchange) -> None:
        exchange.send(OK)
        if not over.is_set():
            assert rested.wait(5)
            exchange.send(last)
            exchange.connection.shutdown(socket.SHUT_RDWR)
            over.set()

    async def turns(receiver: Receiver) -> Answer:
        trusting = ssl.create_default_context(cafile=str(authority.file))
        async with Outbound(Rules.of(origins=[receiver.origin]), tls=trusting) as out:
            await out.post(receiver.origin, headers={}, body=b"1", deadline=5.0, tenant=1)
            (pool,) = out._pools.values()
            ((kept, _since),) = (one for idle in pool.connector._conns.values() for one in idle)
            assert isinstance(kept, Bounded)
            assert kept.used is not None
            kept.used -= RESTED
            rested.set()
            assert over.wait(5)
            return await out.post(receiver.origin, headers={}, body=b"2", deadline=5.0, tenant=1)

    with Receiver(and_end, tls=authority.server("localhost") if secure else None) as receiver:
        answer = asyncio.run(turns(receiver))

    assert (answer.status, answer.body) == (200, b"ok")
    assert [request[-1:] for request in receiver.requests] == [b"1", b"2"]
    assert len(set(receiver.peers)) == 2


def test_a_request_that_met_a_closed_connection_is_not_sent_again() -> None:
    """Whatever its method: of what was sent once, nobody knows whether it arrived."""
    served = threading.Event()

    def once(exchange: Exchange) -> None:
        if not served.is_set():
            served.set()
            exchange.send(OK)
        else:
            exchange.connection.close()

    async def turns(receiver: Receiver) -> Code:
        async with outbound(receiver) as out:
            await out.get(receiver.address, headers={}, deadline=5.0, tenant=1)
            with pytest.raises(OutboundError) as caught:
                await out.get(receiver.address, headers={}, deadline=5.0, tenant=1)
            assert caught.value.begun
            return caught.value.code

    with Receiver(once) as receiver:
        assert asyncio.run(turns(receiver)) == Code.NETWORK

    assert len(receiver.requests) == 2


def test_who_gives_up_waiting_for_a_place_leaves_it_to_the_next() -> None:
    here, answered = threading.Semaphore(0), threading.Event()

    def slow(exchange: Exchange) -> None:
        here.release()
        answered.wait(10)
        exchange.send(OK)

    async def turns(receiver: Receiver) -> list[int]:
        async with outbound(receiver, per_host=1) as out:
            given = {"headers": {}, "deadline": 10.0, "tenant": 1}
            first, second, third = (
                asyncio.create_task(out.get(receiver.address, **given))  # type: ignore[arg-type]
                for _ in range(3)
            )
            await asyncio.to_thread(here.acquire)
            second.cancel()
            answered.set()
            return [(await one).status for one in (first, third)]

    with Receiver(slow) as receiver:
        assert asyncio.run(turns(receiver)) == [200, 200]

    assert len(receiver.requests) == 2


@pytest.mark.parametrize("end", ["its end", "a refusal", "a deadline", "a cancellation"])
def test_every_end_of_a_request_frees_its_place(end: str) -> None:
    under_way = threading.Event()
    scripts: dict[str, Script] = {"its end": OK, "a refusal": b"+PONG\r\n\r\n"}

    def script(exchange: Exchange) -> None:
        under_way.set()
        exchange.send(scripts[end]) if end in scripts else exchange.hang()  # type: ignore[arg-type]

    async def turn(receiver: Receiver) -> aiohttp.TCPConnector:
        async with outbound(receiver) as out:
            seconds = 0.2 if end == "a deadline" else 10.0
            asking = asyncio.create_task(out.get(receiver.address, headers={}, deadline=seconds, tenant=1))
            await asyncio.to_thread(under_way.wait, 5)
            if end == "a cancellation":
                asking.cancel()
            await asyncio.wait([asking])
            asking.cancelled() or asking.exception()
            (pool,) = out._pools.values()
            assert not pool.busy
            assert not pool.connector._acquired
            assert bool(pool.connector._conns) == (end == "its end")
            return pool.connector

    with Receiver(script) as receiver:
        assert asyncio.run(turn(receiver)).closed


def test_dns_is_asked_once_for_many_connections_and_again_after_a_failure() -> None:
    looks: list[str] = []

    def lookup(host: str, port: int) -> list[str]:
        looks.append(host)
        if len(looks) == 1:
            raise OSError("no such name")
        return ["127.0.0.1"]

    async def turns(receiver: Receiver) -> list[int]:
        async with Outbound(Rules.of(origins=[receiver.origin]), lookup=lookup, tls=TLS) as out:
            given = {"headers": {}, "deadline": 5.0, "tenant": 1}
            with pytest.raises(OutboundError):
                await out.get(receiver.origin, **given)  # type: ignore[arg-type]
            many = (out.get(receiver.origin, **given) for _ in range(8))  # type: ignore[arg-type]
            return [one.status for one in await asyncio.gather(*many)]

    with Receiver(OK) as receiver:
        assert asyncio.run(turns(receiver)) == [200] * 8

    assert len(looks) == 2
