"""A receiver of webhooks on this machine: keeps what it gets, verifies it, and answers by a script."""

import base64
import hmac
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Got:
    path: str
    headers: Mapping[str, str]
    body: bytes

    def signed_by(self, secret: str) -> bool:
        """As the specification says it, with nothing of ours."""
        signed = b".".join([self.headers["webhook-id"].encode(), self.headers["webhook-timestamp"].encode(), self.body])
        key = base64.b64decode(secret.removeprefix("whsec_"))
        expected = "v1," + base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()
        return expected in self.headers["webhook-signature"].split(" ")


class Receiver:
    """`answers`: (status, header fields) by path, one a request; 204 when there is none. `held`: requests to
    these paths are answered once their event is set."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.answers: dict[str, list[tuple[int, dict[str, str]]]] = {}
        self.held: dict[str, threading.Event] = {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(Got(self.path, dict(self.headers.items()), body))
                if self.path in receiver.held:
                    receiver.held[self.path].wait(timeout=60)
                status, fields = (receiver.answers.get(self.path) or [(204, {})]).pop(0)
                self.send_response(status)
                for name, value in fields.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", "4")
                self.end_headers()
                if status != 204:
                    self.wfile.write(b"said")

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        ).start()  # how often it looks for its end
        return self

    def __exit__(self, *_: object) -> None:
        for event in self.held.values():
            event.set()
        self._server.shutdown()
        self._server.server_close()
