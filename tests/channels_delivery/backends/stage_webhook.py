"""A receiver of webhooks."""

import base64
import re
from collections.abc import Mapping
from typing import Any, Self

from tests.channels_delivery.outbound.servers import OK, Receiver

from .stage import SECRET, Stage


class WebhookStage(Stage):
    kind = "webhook"

    def __enter__(self) -> Self:
        self._receiver = Receiver(OK).__enter__()
        self._gone = False
        return self

    def __exit__(self, *_: object) -> None:
        if not self._gone:
            self._receiver.__exit__()

    @property
    def origins(self) -> list[str]:
        return [self._receiver.address]

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"url": self.address, "headers": {"X-Team": "support"}}

    @property
    def secrets(self) -> Mapping[str, Any]:
        return {"signing": ["whsec_" + base64.b64encode(f"{SECRET} of 24 bytes".encode()).decode()]}

    @property
    def address(self) -> str:
        return f"{self._receiver.address}/hook"

    def take(self) -> None:
        self._receiver.script = lambda exchange: exchange.send(OK)

    def refuse_for_now(self) -> None:
        self._answer(b"500 Oh")

    def refuse_for_good(self) -> None:
        self._answer(b"410 Gone")

    def hang(self) -> None:
        self._receiver.script = lambda exchange: exchange.hang()

    def babble(self) -> None:
        self._receiver.script = lambda exchange: exchange.send(b"\x00\xff what?\r\n\r\n")

    def leave(self) -> None:
        self._receiver.__exit__()
        self._gone = True

    @property
    def ids(self) -> list[str]:
        return [re.findall(rb"webhook-id: (\S+)", one, re.IGNORECASE)[0].decode() for one in self._receiver.requests]

    def _answer(self, status: bytes) -> None:
        answer = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"
        self._receiver.script = lambda exchange: exchange.send(answer)


STAGE = WebhookStage
