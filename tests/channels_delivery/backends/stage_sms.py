"""A provider that speaks Twilio's API."""

from collections.abc import Mapping
from typing import Any, Self

from tests.channels_delivery.twilio_stub import ACCOUNT, TwilioStub

from .stage import SECRET, Stage


class SmsStage(Stage):
    kind = "sms"
    drops_doubles = False

    def __enter__(self) -> Self:
        self.stub = TwilioStub(SECRET).__enter__()
        self._gone = False
        return self

    def __exit__(self, *_: object) -> None:
        if not self._gone:
            self.stub.__exit__()

    @property
    def origins(self) -> list[str]:
        return [self.stub.address]

    @property
    def settings(self) -> Mapping[str, Any]:
        return {
            "provider": "twilio",
            "account": ACCOUNT,
            "from": "+15005550006",
            "url": self.stub.address,
            "countries": ["DE"],
        }

    @property
    def secrets(self) -> Mapping[str, Any]:
        return {"token": SECRET}

    @property
    def address(self) -> str:
        return "+49 151 23456789"

    def take(self) -> None:
        self.stub.behave()

    def refuse_for_now(self) -> None:
        self.stub.says = (500, 0)

    def refuse_for_good(self) -> None:
        self.stub.says = (400, 21211)

    def hang(self) -> None:
        self.stub.play(lambda exchange: exchange.hang())

    def babble(self) -> None:
        self.stub.play(lambda exchange: exchange.send(b"\x00\xff what?\r\n\r\n"))

    def leave(self) -> None:
        self.stub.__exit__()
        self._gone = True

    @property
    def ids(self) -> list[str]:
        return self.stub.ids


STAGE = SmsStage
