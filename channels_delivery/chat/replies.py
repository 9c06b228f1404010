"""What the answers of Slack and Teams mean. Both may say 200 and mean no; the words decide before the status does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..outbound.answer import Answer
from ..outcome import Delivered, Outcome, Permanent, Temporary
from ..retry import wait_asked

EXCERPT = 300
"""Characters of an answer that are kept."""

_GONE = {
    *(
        "channel_not_found",
        "channel_is_archived",
        "action_prohibited",
        "no_service",
        "no_service_id",
        "no_active_hooks",
    ),
    *("no_team", "team_disabled", "posting_to_general_channel_denied", "restricted_action"),
}
_REFUSED = {
    *("invalid_payload", "invalid_blocks", "invalid_blocks_format", "invalid_attachments", "msg_blocks_too_long"),
    *("msg_too_long", "no_text", "too_many_attachments", "user_not_found"),
}
_KEY = {"invalid_token", "invalid_auth", "token_revoked", "account_inactive"}

_FLOW_GONE = {"WorkflowNotFound", "WorkflowTriggerIsNotEnabled", "WorkflowDisabled", "FlowNotFound", "FlowSuspended"}


def of_slack(answer: Answer, *, now: datetime) -> Outcome:
    """Slack and Mattermost answer a bare word, of which only `ok` is a yes; Rocket.Chat answers `{"success": true}`. A
    few words mean that nobody will ever read what is posted."""
    word = _words(answer)
    detail = f"HTTP {answer.status} {word}".strip()
    if answer.status == 200 and (word == "ok" or _says_yes(answer)):
        return Delivered(detail)
    if word in _GONE or answer.status == 410:
        return Permanent("address", detail, disable=True)
    if word in _KEY:
        return Permanent("auth", detail)
    if word in _REFUSED:
        return Permanent("content", detail)
    return _by_status(answer, detail, now)


def of_teams(answer: Answer, *, now: datetime) -> Outcome:
    """A flow answers 202 with nothing. An error may stand in the body of a 200, and then has a status of its own."""
    said = _words(answer)
    detail = f"HTTP {answer.status} {said}".strip()
    code = _error_code(answer)
    if code in _FLOW_GONE or answer.status == 410:
        return Permanent("address", detail, disable=True)
    if 200 <= answer.status < 300:
        return _of_taken(answer, said, code, detail, now)
    return _by_status(answer, detail, now)


def _of_taken(answer: Answer, said: str, code: str, detail: str, now: datetime) -> Outcome:
    plain = said.lower()
    if "http error 429" in plain:
        wait = wait_asked(answer.headers, now=now)
        return Temporary("rate_limited", detail, retry_after=wait, slow_lane=True)
    if "http error 413" in plain or "http error 400" in plain:
        return Permanent("content", detail)
    failed = bool(code) or "delivery failed" in plain or "http error" in plain
    return Temporary("provider", detail) if failed else Delivered(f"HTTP {answer.status}")


def _by_status(answer: Answer, detail: str, now: datetime) -> Outcome:
    status, wait = answer.status, wait_asked(answer.headers, now=now)
    if status in {400, 413}:
        return Permanent("content", detail)
    if status in {401, 403, 404}:
        return Permanent("auth", detail)
    if status in {429, 503}:
        return Temporary("rate_limited" if status == 429 else "provider", detail, retry_after=wait, slow_lane=True)
    return Temporary("provider", detail, retry_after=wait)


def _words(answer: Answer) -> str:
    return " ".join(answer.words.split())[:EXCERPT]


def _says_yes(answer: Answer) -> bool:
    said = _object(answer)
    return said.get("success") is True or said.get("ok") is True


def _error_code(answer: Answer) -> str:
    """`{"error": {"code": …}}`, as flows say it."""
    error = _object(answer).get("error")
    return str(error.get("code") or "error") if isinstance(error, dict) else str(error or "")


def _object(answer: Answer) -> Mapping[str, Any]:
    """The JSON object that is the body; an empty one where it is none."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
