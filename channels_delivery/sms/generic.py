"""A provider of the tenant's own behind a plain form: JSON is posted to its URL, signed by the Standard Webhooks
specification, and it answers with a status.

    {"id": "0198…", "to": "+4915112345678", "from": "ACME", "text": "…", "report_to": "https://…", "life": 3600}

It has to drop what comes twice under one `id`. Any 2xx is a yes; the body may be JSON with an `id` of its own. A no may
be JSON with a `reason`: `invalid_number` and `opted_out` also put the number on the suppression list.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..backend import Outlet
from ..backends.webhook import signed, signing_key
from ..outbound.answer import Answer
from ..outcome import Accepted, Outcome, Permanent, Temporary
from ..retry import wait_asked
from .provider import Provider, Request, Text

EXCERPT = 1_000
_REFUSED = {"invalid_number": "", "opted_out": "STOP: "}


class Generic(Provider):
    name = "http"
    once = True
    needs = ("settings.url", "secrets.signing")

    def request(self, text: Text, outlet: Outlet) -> Request:
        said: dict[str, Any] = {"id": text.id, "to": text.to, "text": text.body}
        said["from"] = outlet.settings.get("from", "")
        if text.report_to:
            said["report_to"] = text.report_to
        if text.life is not None:
            said["life"] = text.life
        body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
        keys = [signing_key(str(outlet.secrets["signing"]))]
        own = {"idempotency-key": text.id}
        if token := outlet.secrets.get("token"):
            own["authorization"] = f"Bearer {token}"
        return Request(
            self.url(outlet.settings),
            own | signed(body, message_id=f"msg_{text.id}", timestamp=int(time.time()), keys=keys),
            body,
        )

    def outcome(self, answer: Answer, *, now: datetime) -> Outcome:
        said = _json(answer.body)
        if 200 <= answer.status < 300:
            return Accepted(f"{said.get('id', '')} HTTP {answer.status}".strip()[:EXCERPT])
        detail = f"HTTP {answer.status} {answer.words}".strip()[:EXCERPT]
        wait = wait_asked(answer.headers, now=now)
        reason = said.get("reason")
        if isinstance(reason, str) and reason in _REFUSED and 400 <= answer.status < 500:
            return Permanent("address", f"{_REFUSED[reason]}{detail}", suppress=True)
        if answer.status in {429, 503}:
            code = "rate_limited" if answer.status == 429 else "provider"
            return Temporary(code, detail, retry_after=wait, slow_lane=True)  # type: ignore[arg-type]
        if answer.status in {401, 403}:
            return Permanent("auth", detail, disable=True)
        if answer.status in {408, 421, 425} or not 400 <= answer.status < 500:
            return Temporary("provider", detail, retry_after=wait)
        return Permanent("content" if answer.status in {413, 422} else "provider", detail)


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


PROVIDER = Generic()
