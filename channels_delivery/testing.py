"""For the tests of those who use the outbox: a backend that sends nothing and says what it is told to say.

NOTIFYHUB = {"CHANNELS_DELIVERY": {"BACKENDS": ["channels_delivery.testing.SCRIPTED"]}}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .backend import Backend, Outlet, Words
from .outcome import Delivered, Outcome
from .parcel import Parcel


class Scripted(Backend):
    """Kind `scripted`. `says` holds the outcomes of an address, one a try; an address without any is Delivered."""

    kind = "scripted"
    name = "Scripted"
    team = True
    settings_schema: Mapping[str, Any] = {"type": "object"}
    secrets_schema: Mapping[str, Any] = {"type": "object"}
    template_fields: Mapping[str, Any] = {
        "note": {"type": "string"},
        "html": {"type": "string", "contentMediaType": "text/html"},
    }

    def __init__(self) -> None:
        self.says: dict[str, list[Outcome]] = {}
        self.sent: list[Parcel] = []

    def compose(self, words: Words) -> Mapping[str, Any]:
        return {"title": words.content.title, "body": words.content.body, **words.extra}

    def team_addresses(self, settings: Mapping[str, Any]) -> Sequence[str]:
        return tuple(settings.get("to", ()))

    def serves_people(self, settings: Mapping[str, Any]) -> bool:
        return "host" in settings

    async def send(self, parcel: Parcel, outlet: Outlet, *, deadline: float) -> Outcome:
        self.sent.append(parcel)
        told = self.says.get(parcel.address)
        return told.pop(0) if told else Delivered()

    async def close(self) -> None:
        self.forget()

    def forget(self) -> None:
        """As if it had never been used."""
        self.says.clear()
        self.sent.clear()


SCRIPTED = Scripted()
