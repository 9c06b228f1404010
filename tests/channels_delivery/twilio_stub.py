"""A provider on this machine that speaks Twilio's Messages API: checks who asks and what, and answers as it is told."""

import base64
import json
import re
import uuid
from typing import Any, Self
from urllib.parse import parse_qsl

from tests.channels_delivery.outbound.servers import Exchange, Receiver

ACCOUNT = "AC0123456789abcdef0123456789abcdef"


class TwilioStub:
    """`says` is what every request gets, (status, code); None: a proper answer. `script` is in the place of both."""

    def __init__(self, token: str, *, account: str = ACCOUNT) -> None:
        self.account, self.token = account, token
        self.says: tuple[int, int] | None = None
        self.fields: dict[str, str] = {}
        self._receiver = Receiver(b"")
        self.behave()

    def __enter__(self) -> Self:
        self._receiver.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._receiver.__exit__()

    @property
    def address(self) -> str:
        return self._receiver.address

    @property
    def requests(self) -> list[bytes]:
        return self._receiver.requests

    @property
    def texts(self) -> list[dict[str, str]]:
        """The fields of each message that was asked for."""
        return [dict(parse_qsl(one.partition(b"\r\n\r\n")[2].decode())) for one in self.requests]

    @property
    def ids(self) -> list[str]:
        return [re.findall(rb"idempotency-key: (\S+)", one, re.IGNORECASE)[0].decode() for one in self.requests]

    def behave(self) -> None:
        self.says = None
        self._receiver.script = self._answer

    def play(self, script: Any) -> None:
        self._receiver.script = script

    def _answer(self, exchange: Exchange) -> None:
        head, _, body = self.requests[-1].partition(b"\r\n\r\n")
        if self.says is not None:
            return self._send(exchange, self.says[0], {"code": self.says[1], "message": "said the script"})
        if f"/2010-04-01/Accounts/{self.account}/Messages.json".encode() not in head.split(b"\r\n")[0]:
            return self._send(exchange, 404, {"code": 20404, "message": "not found"})
        wanted = base64.b64encode(f"{self.account}:{self.token}".encode())
        if b"Basic " + wanted not in head:
            return self._send(exchange, 401, {"code": 20003, "message": "Authenticate"})
        text = dict(parse_qsl(body.decode()))
        if not re.fullmatch(r"\+[1-9][0-9]{6,14}", text.get("To", "")):
            return self._send(exchange, 400, {"code": 21211, "message": "Invalid 'To' Phone Number"})
        if not text.get("Body"):
            return self._send(exchange, 400, {"code": 21602, "message": "Message body is required"})
        return self._send(exchange, 201, {"sid": f"SM{uuid.uuid4().hex}", "status": "queued"})

    def _send(self, exchange: Exchange, status: int, said: dict[str, Any]) -> None:
        body = json.dumps(said).encode()
        fields = "".join(f"{name}: {value}\r\n" for name, value in self.fields.items())
        head = (
            f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\n{fields}Content-Length: {len(body)}\r\n\r\n"
        )
        exchange.send(head.encode() + body)
