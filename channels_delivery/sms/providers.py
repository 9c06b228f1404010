"""Which providers there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import generic, twilio
from .provider import Provider

PROVIDERS: Mapping[str, Provider] = {one.name: one for one in (twilio.PROVIDER, generic.PROVIDER)}


def provider_of(settings: Mapping[str, Any]) -> Provider | None:
    return PROVIDERS.get(str(settings.get("provider", "")))
