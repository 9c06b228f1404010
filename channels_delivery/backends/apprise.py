"""One of the many services that Apprise knows (https://github.com/caronc/apprise): one message to the team behind it.

Which of them is the site's choice (`APPRISE_SERVICES`). The URL is the credential, so it is a secret, like that of a
chat. Apprise blocks, so it works in a thread; what it asks leaves by our guarded client, see `services/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from ..backend import Backend, Outlet, Words
from ..blocking import run
from ..outcome import Outcome, Permanent, Temporary
from ..parcel import Parcel
from ..services import address, library
from ..services.answers import outcome_of

EXTRA = "apprise"
LEVELS = {"success": "success", "warning": "warning", "error": "failure"}
SPARE = 0.9
"""The part of the time that a request has of it; the rest is for the thread to come back."""


class Apprise(Backend):
    kind = "apprise"
    name = gettext_lazy("Another service (Apprise)")
    personal = False
    team = True
    address = ""
    hidden_address = True
    cap = 2
    rate = 1.0
    settings_schema: Mapping[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
    secrets_schema: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            "url": {
                "type": "string",
                "minLength": 1,
                "maxLength": 1_000,
                "title": gettext_noop("URL of the service"),
                "description": gettext_noop("As Apprise writes it, like discord://id/token. It is never shown again."),
            }
        },
        "required": ["url"],
        "additionalProperties": False,
    }

    def compose(self, words: Words) -> Mapping[str, Any]:
        content = words.content
        lines = [content.body, content.url if content.url.startswith("http") else ""]
        body = "\n".join(line for line in lines if line)
        return {"title": content.title, "body": body or content.title, "level": LEVELS.get(content.level, "info")}

    def faults(self, settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> Mapping[str, str]:
        wrong = address.fault(str(secrets.get("url", "")))
        return {"secrets.url": wrong} if wrong else {}

    async def send(self, parcel: Parcel, outlet: Outlet, *, deadline: float) -> Outcome:
        url = str(outlet.secrets.get("url") or parcel.address)
        tell = partial(_tell, url, parcel, deadline=deadline * SPARE)
        try:
            return await run(f"apprise {parcel.lane_id}", tell, deadline=deadline)
        except TimeoutError:
            return Temporary("timeout", _("There was no answer in time."))

    def prepare(self) -> None:
        library.load()


def _tell(url: str, parcel: Parcel, *, deadline: float) -> Outcome:
    from ..outbound.lent import calling  # needs the extra `http`

    if wrong := address.fault(url):  # also what was right when it was written
        return Permanent("config", wrong)
    service, said = library.service_of(url), parcel.parts
    own = {"x-notifyhub-id": f"msg_{parcel.stable_id.hex}"}
    with calling(deadline=deadline, headers=own) as call:
        taken = service.notify(title=said.get("title", ""), body=said.get("body", ""), notify_type=said.get("level"))
    return outcome_of(call, taken=bool(taken), url=url, now=datetime.now(UTC))


BACKEND: Apprise | None = Apprise() if find_spec("apprise") else None
