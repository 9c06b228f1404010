"""Every code with which the engine, the preferences and the outbox say why, in words.

The one place: a code that is in use and has no words here fails a test.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from notifications.kinds import kinds

REASONS: Mapping[str, Promise] = {
    "done": _("Reached the end."),
    "cancelled": _("The run was cancelled before their turn."),
    "crash": _("Something broke on our side, and trying again did not help."),
    "disabled": _("All sending is switched off on this site."),
    "inactive": _("Is not active any more."),
    "off_by_workflow": _("Turned this notification off."),
    "off_by_category": _("Turned off notifications of this category."),
    "off_by_channel": _("Turned off this channel."),
    "off_by_everything": _("Turned off all notifications."),
    "suppressed": _("Nothing is sent to their address any more."),
    "locked_off": _("The organisation switched this off for everybody."),
    "off_by_tenant": _("The organisation leaves this off for whoever did not ask for it."),
    "off_by_default": _("This is off for whoever did not ask for it."),
    "snoozed": _("Does not want to be disturbed for now."),
    "quiet_hours": _("Has quiet hours."),
    "digest_frequency": _("Gets this category at set times only."),
    "send_window": _("Gets this at certain hours only."),
    "expires_in_snooze": _("Does not want to be disturbed, and later it would have been of no use."),
    "expires_in_quiet_hours": _("Had quiet hours, and later it would have been of no use."),
    "expires_before_digest": _("Gets this category at set times only, and by then it would have been of no use."),
    "expires_before_send_window": _("Gets this at certain hours only, and by then it would have been of no use."),
    "expired": _("Waited for so long that it was of no use any more."),
    "no_address": _("Has no address for this."),
    "read": _("Had read it in the inbox already."),
    "subscription_condition": _("Follows this only under a condition, which did not apply."),
    "muted": _("Has muted what this is about."),
    "not_visible": _("May not see what this is about any more."),
    "visibility_unknown": _("Whether they may still see what this is about could not be found out; it is asked again."),
    "partly_left_out": _("Some of what was collected is left out: they have muted it, or may not see it any more."),
    "no_channel": _("No channel of the team listens to this workflow."),
    "channel_paused": _("The channel is off."),
    "unknown_channel": _("This site has no such channel."),
    "template_failed": _("The text could not be made, so the workflow's name was sent instead."),
    "digested": _("It went into a digest, which is told by itself."),
    "acknowledged": _("Somebody has it in hand."),
    "event": _("What was waited for happened."),
    "exhausted": _("Nobody took it in hand, at any level."),
    "timed_out": _("What was waited for did not come in time."),
    "policy_beyond_level": _("Wants it later than this level waits, so it comes at the end of that wait."),
    "condition": _("The condition of the step did not apply to them."),
    "throttled": _("Had got enough of this for the time being."),
    "silenced": _("A silence was in force."),
    "inhibited": _("Something more important was going on."),
    "fetch_failed": _("What was to be asked of another server could not be had."),
    "call_failed": _("A function of this site failed, so they went on without it."),
    "invalid_time": _("The time to wait for could not be read, so nobody waited."),
    "nothing_to_match": _("There was nothing by which to know the event that was waited for, so only time ended it."),
    "not_simulated": _("This step asks somebody outside, which a simulation does not."),
}
"""Why somebody got nothing at a step, or why their walk ended."""

DONE = "done"

BEFORE_A_STEP = frozenset({"cancelled", "disabled", "subscription_condition"})
"""Those for which a walk ends before the step where its people stand has begun for them."""

REMARKS = frozenset(
    {
        "template_failed",
        "invalid_time",
        "nothing_to_match",
        "not_simulated",
        "fetch_failed",
        "call_failed",
        "partly_left_out",
        "policy_beyond_level",
    }
)
"""Those that silenced nothing."""

FAILURES: Mapping[str, Promise] = {
    "auth": _("the receiver did not accept our credentials"),
    "address": _("there is nobody at that address"),
    "content": _("the receiver did not want this content"),
    "rate_limited": _("the receiver asked for patience"),
    "timeout": _("the receiver took too long"),
    "network": _("the receiver could not be reached"),
    "provider": _("the receiver had a problem"),
    "config": _("the channel is not set up well"),
    "crash": _("something broke on our side"),
    "suppressed": _("nothing is sent to that address any more"),
}
"""Why a try failed."""

STATES: Mapping[str, Promise] = {
    "pending": _("It is about to leave."),
    "sending": _("It is being sent."),
    "delivered": _("It was delivered."),
    "accepted": _("The receiver's server took it."),
    "failed": _("It could not be delivered."),
    "dead": _("It was tried until there was no hope left."),
    "cancelled": _("It was called back before it left."),
    "expired": _("It could not be sent in time, and later it would have been of no use."),
}
"""What became of a message on its way out."""

WAITS: Mapping[str, Promise] = {
    "retry": _("A try failed; it is tried again."),
    "held": _("It is held back for now."),
    "lost": _("The worker that sent it did not come back; it is tried again."),
    "stopped": _("The worker that sent it was stopped; it is tried again."),
}
"""Why a message waits."""

ITEMS: Mapping[str, Promise] = {
    "unread": _("It has not been read yet."),
    "read": _("It was read."),
    "archived": _("It was archived."),
    "snoozed": _("It was put off for later."),
    "withdrawn": _("It was taken back."),
    "superseded": _("Newer word took its place."),
    "deleted": _("It was deleted."),
}
"""What became of an item in the inbox."""


def in_words(code: str) -> str:
    """A code we do not know is still better than silence; what is a sentence already stays as it is."""
    return str(REASONS.get(code) or (code.replace("_", " ") if code.isidentifier() else code))


def failure_in_words(code: str, detail: str = "") -> str:
    """Why a try failed, and what the other side said to it."""
    why = str(FAILURES.get(code, code.replace("_", " ")))
    return f"{why} ({detail})." if detail else f"{why}."


def kind_in_words(kind: str) -> str:
    """A kind of channel; its key where this site has none of that key."""
    known = kinds().get(kind)
    return str(known.name) if known else kind
