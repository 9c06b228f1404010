"""States of channels and deliveries as people say them, with the mark they get on a page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from ..condition import Condition
from ..models import Breaker, Channel, State

_GOOD, _BAD, _WAITING, _QUIET = "good", "bad", "waiting", "quiet"
_MARKS: dict[str, str] = {
    State.PENDING: _WAITING,
    State.SENDING: _WAITING,
    State.DELIVERED: _GOOD,
    State.ACCEPTED: _GOOD,
    State.FAILED: _BAD,
    State.DEAD: _BAD,
    State.EXPIRED: _BAD,
    State.CANCELLED: _QUIET,
    "retry": _WAITING,
    "working": _GOOD,
    "unused": _QUIET,
    "failing": _BAD,
    "halted": _BAD,
    "paused": _QUIET,
}


def badge(state: str, words: Any) -> SafeString:
    return format_html('<span class="nh-badge nh-badge--{}">{}</span>', _MARKS.get(state, _QUIET), words)


def condition_badge(condition: Condition) -> SafeString:
    names = {
        "working": _("working"),
        "unused": _("not used yet"),
        "failing": _("latest failed"),
        "halted": _("halted"),
        "paused": _("paused"),
    }
    return badge(condition.word, names[condition.word])


def in_a_sentence(channel: Channel, condition: Condition) -> str:
    """How a channel is and what happens next."""
    match condition.word:
        case "paused":
            since = {"since": moment(channel.paused_at)}
            reason = paused_because(channel)
            said = _("Paused since %(since)s. Nothing leaves by it until it is resumed.") % since
            return f"{said} {reason}" if reason else said
        case "halted" if condition.breaker == Breaker.PROBING:
            return _("Too many sends failed. One is being tried now; if it arrives, the others follow.")
        case "halted":
            return _("Too many sends failed. The next is tried at %(time)s.") % {"time": moment(condition.open_at)}
        case "failing":
            return _("The latest message that ended did not arrive (%(code)s).") % {"code": condition.last_code or "–"}
        case "working":
            return _("The latest message that ended arrived.")
        case "unused":
            return _("No message has ended yet. Send a test to see whether it works.")


def paused_because(channel: Channel) -> str:
    known = {
        "gone": _("The receiver answered that it is gone for good."),
        "failing": _("Nothing but failures came back for days."),
    }
    return known.get(channel.paused_because, channel.paused_because)


def day_and_time(when: datetime) -> str:
    """Short, for a column; it does not wrap."""
    return localtime(when).strftime("%d\u00a0%b\u00a0%H:%M")


def moment(when: datetime | None) -> str:
    return localtime(when).strftime("%d %b %Y %H:%M:%S") if when else "–"
