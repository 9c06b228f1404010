"""What a hostile answer can do: nothing beyond its own request, by either client."""

import asyncio
import gzip
import threading
from collections.abc import Callable

import pytest

from channels_delivery.outbound.aio import Outbound
from channels_delivery.outbound.answer import KEEP_BYTES, READ_BYTES, Answer, Code, OutboundError
from channels_delivery.outbound.policy import Rules
from channels_delivery.outbound.sync import SyncOutbound

from .clients import TLS, Post, code
from .servers import OK, Exchange, Receiver

pytestmark = pytest.mark.once
SHORT = 0.4  # seconds; what never ends by itself ends by this
BOMB = gzip.compress(b"\0" * 10_000_000)
Ask = Callable[..., Answer]


@pytest.fixture
def ask(post: Post) -> Ask:
    """Send to a receiver on this machine."""

    def send(receiver: Receiver, **given: object) -> Answer:
        rules = Rules.of(origins=[receiver.origin])
        return post(f"{receiver.origin}/hook", **{"rules": rules, "lookup": lambda *_: ["127.0.0.1"], **given})

    return send


def test_a_request_carries_what_was_given_and_no_more(ask: Ask) -> None:
    with Receiver(OK) as receiver:
        answer = ask(receiver, headers={"webhook-id": "m1", "Content-Type": "application/json"}, body=b"{}")

    head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
    names = {line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:]}
    assert (answer.status, answer.body, answer.cut) == (200, b"ok", False)
    assert body == b"{}"
    assert names - {b"connection"} == {
        b"host", b"webhook-id", b"content-type", b"content-length", b"accept", b"accept-encoding", b"user-agent",
    }  # fmt: skip


def test_few_header_fields_are_kept_and_those_are_cut(ask: Ask) -> None:
    fields = b"Retry-After: 7\r\nX-Secret: s\r\nContent-Type: text/" + b"x" * 5000 + b"\r\n"

    with Receiver(b"HTTP/1.1 429 Slow\r\n" + fields + b"Content-Length: 0\r\n\r\n") as receiver:
        answer = ask(receiver)

    assert answer.status == 429
    assert answer.headers.keys() == {"Retry-After", "Content-Type"}
    assert len(answer.headers["Content-Type"]) == 512


@pytest.mark.parametrize("chunked", [False, True])
def test_a_gzip_bomb_is_not_inflated(ask: Ask, chunked: bool) -> None:
    length = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(BOMB)
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BOMB), BOMB) if chunked else BOMB

    with Receiver(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n" + length + b"\r\n\r\n" + body) as receiver:
        answer = ask(receiver, headers={"accept-ENCODING": "gzip"})

    assert answer.body == BOMB[:KEEP_BYTES]
    assert b"accept-encoding: identity" in receiver.requests[0].lower()
    assert b"gzip" not in receiver.requests[0]


def test_an_endless_body_is_left_after_64_kilobytes(ask: Ask) -> None:
    sent: list[int] = []

    def endless(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while not exchange.stopped.is_set():
            exchange.send(b"x" * READ_BYTES)
            sent.append(READ_BYTES)

    with Receiver(endless) as receiver:
        answer = ask(receiver)

    assert answer.status == 200
    assert len(answer.body) == KEEP_BYTES
    assert answer.cut
    assert sum(sent) < 50_000_000  # buffers of the system, not of ours


def _drip_fields(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nX: ")
    exchange.drip(b"y" * 500)


def _drip_body(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
    exchange.drip(b"y" * 500)


def _drip_until_closed(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\n\r\n")
    exchange.drip(b"y" * 500)


def _drip_chunks(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    exchange.drip(b"1\r\ny\r\n" * 100)


def _interim_for_ever(exchange: Exchange) -> None:
    exchange.drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 20)


def _hang(exchange: Exchange) -> None:
    exchange.hang()


@pytest.mark.parametrize(
    "script", [_hang, _drip_fields, _drip_body, _drip_until_closed, _drip_chunks, _interim_for_ever]
)
def test_the_deadline_covers_the_whole_answer(ask: Ask, script: Callable[[Exchange], None]) -> None:
    ended: list[str] = []

    def to_the_end(exchange: Exchange) -> None:
        script(exchange)
        ended.append("answered")

    with Receiver(to_the_end) as receiver:
        assert code(ask, receiver, deadline=SHORT) == Code.TIMEOUT
        assert ended == []


def test_the_deadline_covers_a_body_that_nobody_takes(ask: Ask) -> None:
    with Receiver(_hang, read=False) as receiver:
        assert code(ask, receiver, deadline=SHORT, body=b"x" * 20_000_000) == Code.TIMEOUT


def test_the_deadline_covers_dns(ask: Ask) -> None:
    answered = threading.Event()

    def slow(host: str, port: int) -> list[str]:
        answered.wait(30)
        return ["127.0.0.1"]

    with Receiver(OK) as receiver:
        assert code(ask, receiver, deadline=SHORT, lookup=slow) == Code.TIMEOUT
        answered.set()

    assert receiver.requests == []


FIELD = b"X-Field: value\r\n"


HEADS = {
    "10,000 lines": FIELD * 10_000,
    "a line of 1 MB": b"X: " + b"y" * 1_000_000 + b"\r\n",
    "10 MB": b"".join(b"X-%d: %b\r\n" % (n, b"y" * 1000) for n in range(10_000)),
}


@pytest.mark.parametrize("fields", HEADS.values(), ids=HEADS)
def test_too_many_header_lines_are_not_taken_in(ask: Ask, fields: bytes) -> None:
    with Receiver(b"HTTP/1.1 200 OK\r\n" + fields + b"Content-Length: 0\r\n\r\n") as receiver:
        assert code(ask, receiver) == Code.TOO_LARGE


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 20\r\n\r\n" + b"b" * 20


@pytest.mark.parametrize("end", ["reset", "close"])
@pytest.mark.parametrize("cut", range(0, len(ANSWER), 7))
def test_a_connection_that_breaks_anywhere_is_no_answer(ask: Ask, cut: int, end: str) -> None:
    def broken(exchange: Exchange) -> None:
        exchange.send(ANSWER[:cut])
        exchange.reset() if end == "reset" else exchange.connection.close()

    with Receiver(broken) as receiver:
        assert code(ask, receiver) == Code.NETWORK

    assert len(receiver.requests) == 1  # and it was not sent again


@pytest.mark.parametrize("junk", [b"SSH-2.0-OpenSSH_9.6\r\n", b"+PONG\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_not_http_is_no_answer(ask: Ask, junk: bytes) -> None:
    with Receiver(junk) as receiver:
        assert code(ask, receiver, deadline=5.0) == Code.PROTOCOL


COOKIE = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n"


def test_cookies_are_not_kept() -> None:
    async def twice(url: str) -> None:
        async with Outbound(Rules.of(origins=[url]), tls=TLS) as out:
            for _ in range(2):
                await out.get(url, headers={}, deadline=10.0, tenant=1)

    with Receiver(COOKIE) as receiver:
        asyncio.run(twice(receiver.address))
        blocking = SyncOutbound(Rules.of(origins=[receiver.address]), tls=TLS)
        for _ in range(2):
            blocking.get(receiver.address, headers={}, deadline=10.0)

    assert len(receiver.requests) == 4
    assert not any(b"cookie" in request.lower() for request in receiver.requests)


@pytest.mark.parametrize(
    "headers",
    [{"X-A": "b\r\nX-B: c"}, {"X-A\r\nX-B": "c"}, {"X-A": "b\n"}, {"X-A": "b\0"}, {"Host": "evil"}, {"X-A": "ü"},
     {"Transfer-Encoding": "chunked"}, {"content-length": "1"}, {"X A": "b"}, {"": "b"}, {"X-A": " b"}],
)  # fmt: skip
def test_header_fields_that_would_change_the_message_are_not_sent(ask: Ask, headers: dict[str, str]) -> None:
    with Receiver(OK) as receiver:
        assert code(ask, receiver, headers=headers) == Code.REFUSED

    assert receiver.requests == []


def _reset(exchange: Exchange) -> None:
    exchange.reset()


@pytest.mark.parametrize("script", [_hang, _reset, b"+PONG\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + FIELD * 200])
def test_no_error_repeats_the_url(post: Post, script: Callable[[Exchange], None] | bytes) -> None:
    with Receiver(script) as receiver:
        error = _error(
            post, f"{receiver.address}/s3cret?k=s3cret", rules=Rules.of(origins=[receiver.address]), deadline=1
        )
    closed = _error(post, f"{receiver.address}/s3cret", rules=Rules.of(origins=[receiver.address]))

    assert "s3cret" not in f"{error} {error.outside} {closed}"


def test_outsiders_cannot_tell_blocked_from_refused_from_slow(post: Post) -> None:
    def gone(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    with Receiver(_hang) as hanging:
        slow = _error(post, hanging.address, rules=Rules.of(origins=[hanging.address]), deadline=SHORT)
    closed = _error(post, hanging.address, rules=Rules.of(origins=[hanging.address]))
    blocked = _error(post, "https://10.0.0.1/", rules=Rules())
    nameless = _error(post, "https://hooks.example.com/", rules=Rules(), lookup=gone)

    assert [slow.code, closed.code, blocked.code] == [Code.TIMEOUT, Code.NETWORK, Code.REFUSED]
    assert {error.outside for error in (slow, closed, blocked, nameless)} == {"The address could not be reached."}


def _error(post: Post, url: str, **given: object) -> OutboundError:
    with pytest.raises(OutboundError) as caught:
        post(url, **given)
    return caught.value
