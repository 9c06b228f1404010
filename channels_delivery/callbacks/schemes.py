"""Which scheme a channel's provider speaks."""

from __future__ import annotations

from collections.abc import Mapping

from ..mail.providers import PROVIDERS
from ..mail.server import by_amazon
from ..models import Channel
from .event import Scheme
from .mail import ByAnymail
from .ses import BySns
from .signed import Signed
from .twilio import Twilio

AMAZON = "amazon"
"""In place of a provider, for a channel whose mail leaves by a server of Amazon SES."""

SCHEMES: Mapping[tuple[str, str], Scheme] = {
    ("sms", "twilio"): Twilio(),
    ("sms", "http"): Signed(),
    ("email", AMAZON): BySns(),
    **{("email", name): ByAnymail() for name in PROVIDERS},
}


def scheme_of(channel: Channel) -> Scheme | None:
    provider = str(channel.settings.get("provider", ""))
    if not provider and channel.kind == "email" and by_amazon(channel.settings):
        provider = AMAZON
    return SCHEMES.get((channel.kind, provider))
