"""A receiver that answers as Slack's incoming webhooks do."""

import re
from collections.abc import Mapping
from typing import Any, Self

from tests.channels_delivery.outbound.servers import Receiver

from .stage import SECRET, Stage


class SlackStage(Stage):
    kind = "slack"
    yes, not_now, never = b"200 OK\nok", b"500 Oh\nrollup_error", b"404 Not Found\nno_service"

    def __enter__(self) -> Self:
        self._receiver = Receiver().__enter__()
        self._gone = False
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        if not self._gone:
            self._receiver.__exit__()

    @property
    def origins(self) -> list[str]:
        return [self._receiver.address]

    @property
    def settings(self) -> Mapping[str, Any]:
        return {}

    @property
    def secrets(self) -> Mapping[str, Any]:
        return {"url": f"{self._receiver.address}/services/T0/B0/{SECRET}"}

    @property
    def address(self) -> str:
        return "#support"

    def take(self) -> None:
        self.answer(self.yes)

    def refuse_for_now(self) -> None:
        self.answer(self.not_now)

    def refuse_for_good(self) -> None:
        """With the address in it, as a careless proxy says it."""
        self.answer(self.never)

    def hang(self) -> None:
        self._receiver.script = lambda exchange: exchange.hang()

    def babble(self) -> None:
        self._receiver.script = lambda exchange: exchange.send(b"\x00\xff what?\r\n\r\n")

    def leave(self) -> None:
        self._receiver.__exit__()
        self._gone = True

    @property
    def ids(self) -> list[str]:
        return [
            re.findall(rb"x-notifyhub-id: (\S+)", one, re.IGNORECASE)[0].decode() for one in self._receiver.requests
        ]

    @property
    def bodies(self) -> list[bytes]:
        return [one.partition(b"\r\n\r\n")[2] for one in self._receiver.requests]

    @property
    def heads(self) -> list[bytes]:
        return [one.partition(b"\r\n\r\n")[0] for one in self._receiver.requests]

    def answer(self, said: bytes, *fields: bytes) -> None:
        """`said`: the status, a line feed, the body."""
        self._receiver.script = lambda exchange: exchange.send(whole(said, *fields))

    def reset_after(self, count: int) -> None:
        """So many bytes of a yes, and then the connection is torn."""

        def script(exchange: Any) -> None:
            exchange.send(whole(self.yes)[:count])
            exchange.reset()

        self._receiver.script = script


def whole(said: bytes, *fields: bytes) -> bytes:
    """An answer as it goes over the wire."""
    status, _, body = said.partition(b"\n")
    head = [b"HTTP/1.1 " + status, b"Content-Length: " + str(len(body)).encode(), *fields]
    return b"\r\n".join([*head, b"", body])


STAGE = SlackStage
