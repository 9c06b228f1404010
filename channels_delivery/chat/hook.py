"""A backend that posts JSON to one address, which is the credential: whoever has it may post.

So the address is a secret of the channel. It is encrypted, never shown, and no delivery holds it: a delivery to a team
bears the name of its channel. One to a person has the secrets of the place that they added.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ..backend import Backend, Outlet
from ..outbound.answer import Answer, OutboundError
from ..outbound.kept import Kept
from ..outbound.outcomes import no_answer
from ..outbound.words import url_advice
from ..outcome import Outcome, Permanent
from ..own.place import Place, hidden, secrets_of
from ..parcel import Parcel
from .card import encoded

FIELDS: Mapping[str, Any] = {
    "header": {"type": "string", "maxLength": 300},
    "text": {"type": "string", "maxLength": 10_000},
    "context": {"type": "string", "maxLength": 300},
}
"""What a template for a chat may have beside title and body: a title, a text and a last line of its own."""

SECRETS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "url": {
            "type": "string",
            "minLength": 1,
            "maxLength": 1_000,
            "title": gettext_noop("Address of the webhook"),
            "description": gettext_noop("As they gave it to you. Whoever has it can post, so it is never shown again."),
        }
    },
    "required": ["url"],
    "additionalProperties": False,
}


class ChatHook(Backend):
    team = True
    by_choice = True
    address = "endpoint"
    own = "url"
    interrupts = True
    hidden_address = True
    secrets_schema = SECRETS
    template_fields = FIELDS

    def __init__(self) -> None:
        self._out = Kept()

    @abstractmethod
    def body(self, parts: Mapping[str, Any], settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is posted of these parts by a channel with these settings."""

    @abstractmethod
    def read(self, answer: Answer, *, now: datetime) -> Outcome:
        """What an answer means."""

    def faults(self, settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> Mapping[str, str]:
        url = secrets.get("url", "")
        advice = url_advice(url) if url else _("Is missing: paste the address that they gave you.")
        return {"secrets.url": advice} if advice else {}

    def own_place(self, written: str, settings: Mapping[str, Any], *, way: Mapping[str, Any]) -> Place:
        if advice := url_advice(written):
            raise ValueError(advice)
        return Place(hidden(written), same=written, secrets={"url": written, **settings})

    async def send(self, parcel: Parcel, outlet: Outlet, *, deadline: float) -> Outcome:
        try:
            own = secrets_of(parcel)
            url = str(own["url"] if own else outlet.secrets["url"])
        except (KeyError, ImproperlyConfigured):
            return Permanent("config", _("There is no address that it could be posted to."))
        headers = {"content-type": "application/json; charset=utf-8", "x-notifyhub-id": f"msg_{parcel.stable_id.hex}"}
        body = encoded(self.body(parcel.parts, own or outlet.settings))
        out = await self._out.get()
        try:
            answer = await out.post(url, headers=headers, body=body, deadline=deadline, tenant=parcel.tenant_id)
        except OutboundError as error:
            return no_answer(error)
        return self.read(answer.without(url), now=datetime.now(UTC))

    def prepare(self) -> None:
        self._out.prepare()

    async def close(self) -> None:
        await self._out.close()
