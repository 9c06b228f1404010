"""A push service with one device."""

from collections.abc import Mapping
from typing import Any, Self

from channels_delivery.parcel import Parcel
from tests.channels_delivery.push_service import PushService

from .stage import Stage


class PushStage(Stage):
    kind = "push"

    def __enter__(self) -> Self:
        self._service = PushService().__enter__()
        self._gone = False
        return self

    def __exit__(self, *_: object) -> None:
        if not self._gone:
            self._service.__exit__()

    @property
    def origins(self) -> list[str]:
        return [self._service.origin]

    @property
    def site(self) -> Mapping[str, Any]:
        return self._service.site

    @property
    def settings(self) -> Mapping[str, Any]:
        return {}

    @property
    def secrets(self) -> Mapping[str, Any]:
        return {}

    @property
    def address(self) -> str:
        return self._service.device().url

    def parcel(self, parts: Mapping[str, Any]) -> Parcel:
        return super().parcel(parts)._replace(slots=self._service.device().slots)

    def take(self) -> None:
        self._service.says()

    def refuse_for_now(self) -> None:
        self._service.says(after="500 Oh")

    def refuse_for_good(self) -> None:
        self._service.says(after="410 Gone")

    def hang(self) -> None:
        self._service.does(lambda exchange: exchange.hang())

    def babble(self) -> None:
        self._service.does(lambda exchange: exchange.send(b"\x00\xff what?\r\n\r\n"))

    def leave(self) -> None:
        self._service.__exit__()
        self._gone = True

    @property
    def ids(self) -> list[str]:
        return [told["id"] for _, told in self._service.came]


STAGE = PushStage
