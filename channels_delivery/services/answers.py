"""What came of telling a service: from its answer over HTTP and what Apprise's plugin made of it, to our outcomes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from ..outbound.answer import Answer
from ..outbound.outcomes import no_answer
from ..outcome import Delivered, Outcome, Permanent, Temporary
from ..retry import wait_asked

if TYPE_CHECKING:
    from ..outbound.lent import Call

EXCERPT, SECRET_MIN = 300, 5


def outcome_of(call: Call, *, taken: bool, url: str, now: datetime) -> Outcome:
    if call.error is not None:
        return no_answer(call.error)
    if call.answer is None:
        return Permanent("config", _("The service was not asked: look at the URL of the channel."))
    detail = _detail(call.answer, url)
    if 200 <= call.answer.status < 300:
        return Delivered(detail) if taken else Temporary("provider", detail)
    return _refused(call.answer, detail, now)


def _refused(answer: Answer, detail: str, now: datetime) -> Outcome:
    status, wait = answer.status, wait_asked(answer.headers, now=now)
    match status:
        case 410:
            return Permanent("address", detail, disable=True)
        case 401 | 403 | 404:
            return Permanent("auth", detail)
        case 400 | 413 | 422:
            return Permanent("content", detail)
        case 429 | 503:
            code = "rate_limited" if status == 429 else "provider"
            return Temporary(code, detail, retry_after=wait, slow_lane=True)  # type: ignore[arg-type]
        case _ if 300 <= status < 400:
            return Permanent("config", detail)
        case _:
            return Temporary("provider", detail, retry_after=wait)


def _detail(answer: Answer, url: str) -> str:
    """The status and the service's words, in which no part of the URL is repeated: any of them may be the key."""
    words = " ".join(answer.without(url, least=SECRET_MIN).words.split())
    return f"HTTP {answer.status} {words[:EXCERPT]}".strip()
