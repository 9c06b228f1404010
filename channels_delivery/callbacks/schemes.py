"""Which scheme a channel's provider speaks."""

from __future__ import annotations

from collections.abc import Mapping

from ..mail.providers import PROVIDERS
from ..models import Channel
from .event import Scheme
from .mail import ByAnymail
from .signed import Signed
from .twilio import Twilio

SCHEMES: Mapping[tuple[str, str], Scheme] = {
    ("sms", "twilio"): Twilio(),
    ("sms", "http"): Signed(),
    **{("email", name): ByAnymail() for name in PROVIDERS},
}


def scheme_of(channel: Channel) -> Scheme | None:
    return SCHEMES.get((channel.kind, str(channel.settings.get("provider", ""))))
