"""What a provider's report says of an address: that there is none, that its owner wants no more, or only that this one
mail did not arrive. Pure.

Nothing is sent any more to who is gone or wants no more, so a report has to say just that. The receiver's enhanced code
(RFC 3463) is believed before the provider's own word for it: only 5.1.x is about the address. A full mailbox (5.2.2)
and a policy (5.7.x) pass. That the provider has the address on a list of its own for having bounced is no new bounce.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..mail.replies import ABOUT_SENDER
from ..models import Event

NO_COMPLAINT = frozenset({"not-spam", "auth-failure"})
"""Types of feedback (RFC 6430, RFC 6591) in which nobody says that a mail was unwanted."""

_ENHANCED = re.compile(r"(?<![\w.])([45])\.(\d{1,3})\.(\d{1,3})(?!\.?\w)")
_MAILGUN_BOUNCED = {"bounce", "suppress-bounce"}
_MAILGUN_LISTED = {"suppress-unsubscribe": Event.STOPPED, "suppress-complaint": Event.COMPLAINED}
_MAILGUN_CODES = {"550", "551", "553"}
_MAILJET_GONE = {"", "user unknown", "mailbox inactive", "invalid domain", "no mail host", "typofix"}


def is_about_address(*words: object) -> bool | None:
    """Whether the first enhanced code in these words, which says more than "failed" (5.0.x), is that there is no such
    address. None: they have no such code."""
    for word in words:
        for kind, subject, detail in _ENHANCED.findall(str(word or "")):
            if int(subject):
                return (kind, int(subject)) == ("5", 1) and int(detail) not in ABOUT_SENDER
    return None


def meaning(provider: str, reason: str | None, raw: Mapping[str, Any], *words: object) -> Event:
    """Of what anymail calls a bounce: `reason` is its word, `raw` the provider's report, `words` the receiver's answer.
    Anymail tells bounces for good from others for few providers."""
    if provider == "mailgun":
        return _of_mailgun(part(raw, "event-data"), *words)
    about_address = is_about_address(raw.get("status"), *words)
    if about_address is False:
        return Event.FAILED
    return Event.BOUNCED if reason == "invalid" or _is_hard(provider, raw) else Event.FAILED


def is_complaint(raw: Mapping[str, Any]) -> bool:
    """Whether what anymail calls a complaint is one. Only SparkPost tells the type of feedback."""
    return _of_sparkpost(raw).get("fbtype") not in NO_COMPLAINT


def part(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within a report; empty where there is none."""
    found = raw.get(name)
    return found if isinstance(found, Mapping) else {}


def _of_mailgun(said: Mapping[str, Any], *words: object) -> Event:
    """Mailgun calls permanent whatever it does not try again: also what is too old for it, or was taken for spam."""
    status, reason = part(said, "delivery-status"), str(said.get("reason", ""))
    if reason in _MAILGUN_LISTED:
        return _MAILGUN_LISTED[reason]
    about_address = is_about_address(status.get("enhanced-code"), *words)
    if about_address is None:
        about_address = str(status.get("code", "")) in _MAILGUN_CODES
    gone = about_address and said.get("severity") == "permanent" and reason in _MAILGUN_BOUNCED
    return Event.BOUNCED if gone else Event.FAILED


def _is_hard(provider: str, raw: Mapping[str, Any]) -> bool:
    match provider:
        case "brevo":
            return raw.get("event") == "hard_bounce"
        case "postmark":
            return raw.get("Type") == "HardBounce"
        case "mailjet":
            return raw.get("hard_bounce") is True and str(raw.get("error") or "") in _MAILJET_GONE
        case "mailersend":
            return str(raw.get("type", "")).endswith("hard_bounced")
        case "sendgrid":
            return raw.get("type") == "bounce"
        case _:
            return str(_of_sparkpost(raw).get("bounce_class", "")) in {"10", "30"}


def _of_sparkpost(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event in its wrapping, `{"msys": {"message_event": {…}}}`."""
    wrapped = part(raw, "msys")
    return next((one for one in wrapped.values() if isinstance(one, Mapping)), {})
