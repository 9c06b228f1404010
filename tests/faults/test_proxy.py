"""The proxy does what it says: a fault that is not there would make every test behind it worthless."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from .proxy import Fault, Path, Proxy
from .sink import Reply, Sink

pytestmark = [pytest.mark.faults, pytest.mark.once]
ASKED = b"POST /hook HTTP/1.1\r\nwebhook-id: 1\r\nContent-Length: 4\r\n\r\nbody"
ANSWERED = b"HTTP/1.1 200 Said\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def asked_through(sink: Sink, path: Path) -> Iterator[socket.socket]:
    with Proxy(sink.port, usual=path) as proxy, socket.create_connection(("127.0.0.1", proxy.port), 5) as client:
        client.sendall(ASKED)
        yield client


def read(client: socket.socket, *, most: int = 10_000) -> bytes:
    """Until its end, or so much."""
    data = b""
    while len(data) < most and (more := client.recv(most - len(data))):
        data += more
    return data


def test_without_a_fault_everything_passes(sink: Sink) -> None:
    with asked_through(sink, Path()) as client:
        assert read(client, most=len(ANSWERED)) == ANSWERED

    assert [(seen.path, seen.got.body) for seen in sink.seen] == [("/hook", b"body")]


@pytest.mark.parametrize("count", [0, 1, 17, len(ANSWERED) - 1])
def test_an_answer_is_cut_after_so_many_bytes(sink: Sink, count: int) -> None:
    with asked_through(sink, Path(answered=Fault(after=count))) as client:
        assert read(client) == ANSWERED[:count]


def test_a_reset_is_no_ordinary_end(sink: Sink) -> None:
    broken = Path(answered=Fault(after=5, then="reset"))
    with asked_through(sink, broken) as client, pytest.raises(ConnectionResetError):
        read(client)


def test_a_request_is_cut_on_its_way(sink: Sink) -> None:
    with asked_through(sink, Path(asked=Fault(after=len(ASKED) - 1))) as client:
        assert read(client) == b""

    assert not sink.seen


def test_a_stalled_answer_neither_comes_nor_ends(sink: Sink) -> None:
    with asked_through(sink, Path(answered=Fault(after=9, then="stall"))) as client:
        assert read(client, most=9) == ANSWERED[:9]
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1)


def test_half_a_connection_ends_and_the_other_half_goes_on(sink: Sink) -> None:
    with asked_through(sink, Path(answered=Fault(after=3, then="half"))) as client:
        assert read(client) == ANSWERED[:3]
        client.sendall(ASKED)
        _wait(lambda: len(sink.seen) == 2)


def test_bytes_drip_and_pieces_are_late(sink: Sink) -> None:
    started = time.monotonic()

    with asked_through(sink, Path(asked=Fault(late=0.1), answered=Fault(drip=0.002))) as client:
        assert client.recv(100) == b"H"
        assert read(client, most=len(ANSWERED) - 1) == ANSWERED[1:]

    assert time.monotonic() - started >= 0.1 + 0.002 * (len(ANSWERED) - 1), "at least"


def test_all_connections_are_cut_at_once(sink: Sink) -> None:
    sink.rule = lambda _: Reply(hangs=True)
    with Proxy(sink.port) as proxy:
        clients = [socket.create_connection(("127.0.0.1", proxy.port), 5) for _ in range(3)]
        for client in clients:
            client.sendall(ASKED)
        _wait(lambda: len(sink.seen) == 3)

        assert proxy.cut() == 3

        for client in clients:
            with client, pytest.raises(ConnectionResetError):
                client.recv(1)


def test_paths_are_taken_in_order_and_nobody_behind_is_a_reset(sink: Sink) -> None:
    with Proxy(sink.port, paths=[Path(answered=Fault(after=0))]) as proxy:
        for expected in (b"", ANSWERED):
            with socket.create_connection(("127.0.0.1", proxy.port), 5) as client:
                client.sendall(ASKED)
                assert read(client, most=len(ANSWERED)) == expected
        assert proxy.connections == 2

    with Proxy(1) as proxy, suppress(ConnectionResetError), socket.create_connection(("127.0.0.1", proxy.port)) as one:
        assert one.recv(1) == b""


def _wait(state: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not state():
        assert time.monotonic() < until
        time.sleep(0.01)
