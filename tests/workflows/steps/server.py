"""A server of the host's on this machine: answers JSON by path, and keeps what it was asked."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Server:
    """`answers`: (status, body) by path, the last one again and again; `held` paths wait for their event."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: dict[str, list[tuple[int, bytes]]] = {}
        self.held: dict[str, threading.Event] = {}
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server.asked.append(Asked(self.command, self.path, dict(self.headers.items()), body))
                if self.path in server.held:
                    server.held[self.path].wait(timeout=30)
                status, said = server._next(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_: Any) -> None:
                pass

        class Listening(ThreadingHTTPServer):
            request_queue_size = 128

        self._server = Listening(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"

    def says(self, path: str, *answers: Any, status: int = 200) -> None:
        """Answer this, in order: JSON values, bytes as they are, or (status, value)."""
        pairs = [one if isinstance(one, tuple) else (status, one) for one in answers]
        self.answers[path] = [
            (code, said if isinstance(said, bytes) else json.dumps(said).encode()) for code, said in pairs
        ]

    def _next(self, path: str) -> tuple[int, bytes]:
        left = self.answers.get(path) or [(404, b"")]
        return left.pop(0) if len(left) > 1 else left[0]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for event in self.held.values():
            event.set()
        self._server.shutdown()
        self._server.server_close()
