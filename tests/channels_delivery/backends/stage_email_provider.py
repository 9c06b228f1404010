"""A provider that takes mail as Postmark does."""

import json
import uuid
from collections.abc import Mapping
from typing import Any, Self

from tests.channels_delivery.outbound.servers import Exchange, Receiver

from .stage import SECRET, Stage


class ProviderStage(Stage):
    kind = "email"

    def __enter__(self) -> Self:
        self.receiver = Receiver(b"").__enter__()
        self.take()
        self._gone = False
        return self

    def __exit__(self, *_: object) -> None:
        if not self._gone:
            self.receiver.__exit__()

    @property
    def origins(self) -> list[str]:
        return [self.receiver.address]

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"provider": "postmark", "api_url": self.receiver.address, "from": "news@acme.example"}

    @property
    def secrets(self) -> Mapping[str, Any]:
        return {"api_key": SECRET, "webhook": f"acme:{SECRET}"}

    @property
    def address(self) -> str:
        return "bob@acme.example"

    @property
    def mails(self) -> list[dict[str, Any]]:
        return [json.loads(one.partition(b"\r\n\r\n")[2]) for one in self.receiver.requests]

    def take(self) -> None:
        self.receiver.script = self._answer

    def say(self, status: int, said: Any, fields: str = "") -> None:
        self.receiver.script = lambda exchange: _send(exchange, status, said, fields)

    def refuse_for_now(self) -> None:
        self.say(500, {"ErrorCode": 100, "Message": "maintenance"})

    def refuse_for_good(self) -> None:
        self.say(422, {"ErrorCode": 300, "Message": "Invalid 'To' address: 'bob@acme.example'."})

    def hang(self) -> None:
        self.receiver.script = lambda exchange: exchange.hang()

    def babble(self) -> None:
        self.receiver.script = lambda exchange: exchange.send(b"\x00\xff what?\r\n\r\n")

    def leave(self) -> None:
        self.receiver.__exit__()
        self._gone = True

    @property
    def ids(self) -> list[str]:
        return [field["Value"] for one in self.mails for field in one["Headers"] if field["Name"] == "Message-ID"]

    def _answer(self, exchange: Exchange) -> None:
        if f"x-postmark-server-token: {SECRET}".encode() not in self.receiver.requests[-1].lower():
            return _send(exchange, 401, {"ErrorCode": 10, "Message": "Bad or missing API token."})
        said = {"ErrorCode": 0, "Message": "OK", "MessageID": str(uuid.uuid4()), "To": self.mails[-1]["To"]}
        return _send(exchange, 200, said)


def _send(exchange: Exchange, status: int, said: Any, fields: str = "") -> None:
    body = json.dumps(said).encode()
    head = f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\n{fields}Content-Length: {len(body)}\r\n\r\n"
    exchange.send(head.encode() + body)


STAGE = ProviderStage
