"""A mail server with TLS and a sign-in."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from tests.channels_delivery.mail_server import HANG, MailServer
from tests.channels_delivery.outbound.certificates import Authority

from .stage import SECRET, Stage


class EmailStage(Stage):
    kind = "email"

    def __enter__(self) -> Self:
        with tempfile.TemporaryDirectory() as folder:
            authority = Authority(Path(folder))
            self.ca = authority.file.read_text()
            tls = authority.server("localhost")
        self._server = MailServer(tls=tls, users={"acme": SECRET}).__enter__()
        self._gone = False
        return self

    def __exit__(self, *_: object) -> None:
        if not self._gone:
            self._server.__exit__()

    @property
    def origins(self) -> list[str]:
        return [f"smtp://localhost:{self._server.port}"]

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"host": "localhost", "port": self._server.port, "user": "acme", "from": "news@acme.example"}

    @property
    def secrets(self) -> Mapping[str, Any]:
        return {"password": SECRET}

    @property
    def address(self) -> str:
        return "bob@acme.example"

    def take(self) -> None:
        self._server.let_go()

    def refuse_for_now(self) -> None:
        self._server.always_says("rcpt", "450 4.2.1 busy")

    def refuse_for_good(self) -> None:
        self._server.always_says("rcpt", "550 5.1.1 nobody")

    def hang(self) -> None:
        self._server.always_says("content", HANG)

    def babble(self) -> None:
        self._server.always_says("mail", "what? \x00\xff")

    def leave(self) -> None:
        self._server.__exit__()
        self._gone = True

    @property
    def ids(self) -> list[str]:
        return self._server.ids


STAGE = EmailStage
