"""SMS: one text to one number, by the provider that the channel names.

The address is a phone number. `parts` are `text` and, where there is one, `url`; the text is cut to the channel's
segments when it is sent. Where a message goes, how often and how much of it a day is limited: see `sms/limits.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..backend import Backend, Outlet, Words
from ..callbacks.addresses import report_address
from ..outbound.answer import Answer, OutboundError
from ..outbound.kept import Kept
from ..outbound.outcomes import no_answer
from ..outcome import Outcome, Permanent
from ..own.place import Place
from ..parcel import Parcel
from ..sms import limits, setup
from ..sms.provider import Provider, Request, Text
from ..sms.providers import provider_of
from ..sms.segments import fit, segments
from ..spending import Charge

_ANY = 1_000


class Sms(Backend):
    kind = "sms"
    name = gettext_lazy("SMS")
    address = "phone"
    own = "phone"
    needs_channel = True
    interrupts = True
    settings_schema = setup.SETTINGS
    secrets_schema = setup.SECRETS
    secrets_go_to = ("provider", "url", "account")

    def __init__(self) -> None:
        self._out = Kept()

    def compose(self, words: Words) -> Mapping[str, Any]:
        content = words.content
        said = "\n".join(part for part in (content.title, content.body) if part)
        return {"text": said, "url": content.url} if content.url.startswith("http") else {"text": said}

    def title(self, parts: Mapping[str, Any]) -> str:
        return str(parts.get("text", "")).partition("\n")[0]

    def measures(self, parts: Mapping[str, Any]) -> Mapping[str, int]:
        """Uncut: what is more than the channel allows is cut when it is sent."""
        text = fit(str(parts.get("text", "")), most=_ANY, ending=str(parts.get("url", "")))
        return {"segments": segments(text), "characters": len(text)}

    def own_place(self, written: str, settings: Mapping[str, Any], *, way: Mapping[str, Any]) -> Place:
        number = limits.permitted(written, way)
        if isinstance(number, Permanent):
            raise ValueError(number.detail)
        return Place(number.e164)

    def faults(self, settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> Mapping[str, str]:
        return setup.faults(settings, secrets)

    def charges(self, parcel: Parcel, outlet: Outlet) -> Sequence[Charge]:
        """Nothing for a number that is refused before anybody is asked."""
        number = limits.permitted(parcel.address, outlet.settings)
        if isinstance(number, Permanent):
            return ()
        return limits.charges(number, _body(parcel, outlet.settings), outlet.settings)

    def may_repeat(self, outlet: Outlet) -> bool:
        provider = provider_of(outlet.settings)
        return provider is None or provider.once

    async def send(self, parcel: Parcel, outlet: Outlet, *, deadline: float) -> Outcome:
        asked = _asked(parcel, outlet)
        if isinstance(asked, Permanent):
            return asked
        provider, request = asked
        try:
            answer = await self._ask(request, deadline=deadline)
        except OutboundError as error:
            return _unanswered(error, provider)
        signed_in = request.headers.get("authorization", "")
        credentials = (provider.url(outlet.settings), signed_in, *map(str, outlet.secrets.values()))
        return provider.outcome(answer.without(*credentials), now=datetime.now(UTC))

    def prepare(self) -> None:
        self._out.prepare()

    async def close(self) -> None:
        await self._out.close()

    async def _ask(self, request: Request, *, deadline: float) -> Answer:
        """By a connection of its own: of one that was kept and turns out to have ended, nobody knows what came
        through."""
        out = await self._out.get()
        return await out.post(request.url, headers=request.headers, body=request.body, deadline=deadline)


def _asked(parcel: Parcel, outlet: Outlet) -> tuple[Provider, Request] | Permanent:
    """Whom to ask and how, or why nothing can be asked."""
    provider = provider_of(outlet.settings)
    if provider is None:
        return Permanent("config", _("There is no SMS provider: set up a channel for SMS."))
    number = limits.permitted(parcel.address, outlet.settings)
    if isinstance(number, Permanent):
        return number
    text = Text(
        id=parcel.stable_id.hex,
        to=number.e164,
        body=_body(parcel, outlet.settings),
        report_to=report_address(parcel),
        life=_life(parcel),
    )
    try:
        return provider, provider.request(text, outlet)
    except (KeyError, ValueError):
        return Permanent("config", _("The channel lacks what its provider needs: look at its settings and secrets."))


def _body(parcel: Parcel, settings: Mapping[str, Any]) -> str:
    most = settings.get("segments", setup.SEGMENTS)
    return fit(str(parcel.parts.get("text", "")), most=most, ending=str(parcel.parts.get("url", "")))


def _life(parcel: Parcel) -> int | None:
    if parcel.expires_at is None:
        return None
    return max(1, int((parcel.expires_at - datetime.now(UTC)).total_seconds()))


def _unanswered(error: OutboundError, provider: Provider) -> Outcome:
    """Once something has left, nobody knows: only a provider that drops doubles is asked again by itself."""
    outcome = no_answer(error)
    if provider.once or not error.begun or isinstance(outcome, Permanent):
        return outcome
    return Permanent(outcome.code, _("There was no answer, and it may have been sent: %s") % error.outside)  # type: ignore[union-attr]


BACKEND = Sms()
