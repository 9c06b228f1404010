"""A cable to the hub that can be cut: a proxy on a port of its own that hands bytes on."""

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit


class Cable:
    """`address` leads to the hub until `cut`, and again after `mend`. Without `sockets`, no WebSocket gets through."""

    def __init__(self, hub: str) -> None:
        parts = urlsplit(hub)
        self._hub = (parts.hostname or "", parts.port or 80)
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self.sockets = True
        self._port = 0
        self.mend()
        self.address = f"http://127.0.0.1:{self._port}"

    def mend(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Whoever is connected is cut off in the middle of a word, and nobody else gets through."""
        if self._listener is not None:
            _close(self._listener)
            self._listener = None
        for one in list(self._open):
            _close(one)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        with suppress(OSError):
            head = near.recv(65536)
            if not self.sockets and b"upgrade: websocket" in head.lower():
                near.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return _close(near)
            far = socket.create_connection(self._hub, timeout=10)
            far.settimeout(None)
            far.sendall(head)
            self._open |= {near, far}
            threading.Thread(target=self._carry, args=(far, near), daemon=True).start()
            self._carry(near, far)

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not self.sockets and b"upgrade: websocket" in data.lower():
                    break
                target.sendall(data)
        for one in (source, target):
            _close(one)
            self._open.discard(one)


def _close(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
