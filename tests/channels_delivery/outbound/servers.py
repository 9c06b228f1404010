"""Real servers on loopback: a canary that must see nobody, and a receiver that answers by a script."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from typing import Self

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Canary:
    """Listens on 127.0.0.1 and, where there is one, ::1, on one port."""

    def __init__(self) -> None:
        self._listeners = [socket.create_server(("127.0.0.1", 0))]
        self.port: int = self._listeners[0].getsockname()[1]
        with contextlib.suppress(OSError):
            self._listeners.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))

    def visitors(self) -> int:
        """How many came since the last look. Connections queue up in order, so our own one marks the end."""
        return sum(_before_our_own(listener) for listener in self._listeners)

    def close(self) -> None:
        for listener in self._listeners:
            listener.close()


class Exchange:
    """One connection as the script of a receiver sees it."""

    def __init__(self, connection: socket.socket, stopped: threading.Event) -> None:
        self.connection = connection
        self.stopped = stopped

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def drip(self, data: bytes) -> None:
        for byte in data:
            if self.stopped.wait(0.02):
                return
            self.send(bytes([byte]))

    def hang(self) -> None:
        self.stopped.wait(10)


class Receiver:
    """Reads a request, keeps it, lets the script answer, and goes on while the connection stands."""

    def __init__(
        self, script: Callable[[Exchange], None] | bytes = OK, *, tls: ssl.SSLContext | None = None, read: bool = True
    ) -> None:
        self.script = script if callable(script) else lambda exchange: exchange.send(script)
        self.requests: list[bytes] = []
        self.peers: list[int] = []
        self._tls = tls
        self._read = read
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for connection in list(self._open):  # those that somebody keeps, and whose threads wait for more
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    @property
    def origin(self) -> str:
        return f"{'https' if self._tls else 'http'}://localhost:{self.port}"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, peer = self._listener.accept()
                self._start(lambda connection=connection, peer=peer: self._serve(connection, peer[1]))

    def _serve(self, connection: socket.socket, peer: int) -> None:
        connection.settimeout(10)
        with contextlib.suppress(OSError, ValueError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._open.add(connection)
            while not self._read or (request := _request(connection)):
                self.requests.append(request if self._read else b"")
                self.peers.append(peer)
                self.script(Exchange(connection, self._stopped))
                if not self._read:
                    break
        self._open.discard(connection)
        connection.close()


def _request(connection: socket.socket) -> bytes:
    """One request: its head, and the body that Content-Length announces. Empty when the other side is done."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := connection.recv(65536)):
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(fields.get(b"content-length", 0)):
        if not (more := connection.recv(65536)):
            break
        body += more
    return head + b"\r\n\r\n" + body


def _before_our_own(listener: socket.socket) -> int:
    with socket.create_connection(listener.getsockname()[:2]) as own:
        came = 0
        while True:
            visitor, peer = listener.accept()
            visitor.close()
            if peer[:2] == own.getsockname()[:2]:
                return came
            came += 1
