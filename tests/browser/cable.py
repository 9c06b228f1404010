"""A cable to the hub that can be cut: a proxy on a port of its own that hands bytes on. It can say something itself to
the last socket that was opened through it, as the hub would."""

import json
import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit


class Cable:
    """`address` leads to the hub until `cut`, and again after `mend`. Without `sockets`, no WebSocket gets through.
    What begins like one of `unanswered` gets lost with all that comes after it, and its connection stays open."""

    def __init__(self, hub: str) -> None:
        parts = urlsplit(hub)
        self._hub = (parts.hostname or "", parts.port or 80)
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self.sockets = True
        self.unanswered: tuple[bytes, ...] = ()
        self._lost: set[socket.socket] = set()
        self._upgraded: socket.socket | None = None
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

    def say(self, frame: object) -> None:
        """As JSON, in a text frame of a server."""
        assert self._upgraded is not None
        text = json.dumps(frame).encode()
        length = bytes([len(text)]) if len(text) < 126 else b"\x7e" + len(text).to_bytes(2)
        self._upgraded.sendall(b"\x81" + length + text)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        with suppress(OSError):
            far = socket.create_connection(self._hub, timeout=10)
            far.settimeout(None)
            self._open |= {near, far}
            answers = threading.Thread(target=self._carry, args=(far, near), daemon=True)
            answers.start()
            self._carry(near, far)
            answers.join()
        for one in {near, far}:
            self._open.discard(one)
            self._lost.discard(one)
            one.close()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if source in self._lost or data.startswith(self.unanswered):
                    self._lost.add(source)
                    continue
                if b"sec-websocket-key" in data.lower():
                    if not self.sockets:
                        _close(source)
                        break
                    self._upgraded = source
                target.sendall(data)
        if target not in self._lost:
            with suppress(OSError):
                target.shutdown(socket.SHUT_WR)


def _close(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
