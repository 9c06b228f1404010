"""A backend whose letters kill the process that sends them, as a crash in somebody's library would."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from channels_delivery.backend import Backend, Outlet
from channels_delivery.outcome import Outcome
from channels_delivery.parcel import Parcel


class Poison(Backend):
    kind = "poison"
    name = "Poison"
    settings_schema: Mapping[str, Any] = {"type": "object"}
    secrets_schema: Mapping[str, Any] = {"type": "object"}

    async def send(self, parcel: Parcel, outlet: Outlet, *, deadline: float) -> Outcome:
        os._exit(137)


BACKEND = Poison()
