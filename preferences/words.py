"""Every answer in words, said to the person whom it is about. What others read of them is in `workflows/reasons.py`."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .verdict import Decision, Rule, Send, Skip, Width

_SENT: Mapping[Rule, Promise] = {
    Rule.CRITICAL: _("This is critical, so it comes whatever was switched off."),
    Rule.LOCK: _("Your organisation keeps this on for everybody."),
    Rule.TENANT_DEFAULT: _("Your organisation has this on, unless you switch it off."),
    Rule.WORKFLOW_DEFAULT: _("This is on, unless you switch it off."),
    Rule.NOTHING: _("Nobody has switched this off."),
    Rule.LONGEST_HOLD: _("It has waited for as long as anything may."),
}
_CHOSEN: Mapping[Width, tuple[Promise, Promise]] = {
    Width.WORKFLOW_CHANNEL: (_("You want this on this channel."), _("You switched this off for this channel.")),
    Width.WORKFLOW: (_("You want this."), _("You switched this off.")),
    Width.CATEGORY_CHANNEL: (
        _("You want its category on this channel."),
        _("You switched its category off for this channel."),
    ),
    Width.CATEGORY: (_("You want its category."), _("You switched its category off.")),
    Width.CHANNEL: (_("You want this channel."), _("You switched this channel off.")),
    Width.EVERYTHING: (_("You want everything."), _("You switched everything off.")),
}
_UNTOLD: Mapping[str, Promise] = {
    "suppressed": _("Nothing is sent to your address any more: it bounced, or somebody objected."),
    "no_address": _("We have no address of yours for this channel."),
    "locked_off": _("Your organisation has switched this off for everybody."),
    "off_by_tenant": _("Your organisation leaves this off, unless you switch it on."),
    "off_by_default": _("This is off, unless you switch it on."),
    "snoozed": _("You do not want to be disturbed for now."),
    "quiet_hours": _("You have quiet hours."),
    "digest_frequency": _("You get this category at set times."),
    "send_window": _("You get this at certain hours only."),
    "expires_in_snooze": _("You do not want to be disturbed, and later it would be of no use."),
    "expires_in_quiet_hours": _("You have quiet hours, and later it would be of no use."),
    "expires_before_digest": _("You get this category at set times, and by then it would be of no use."),
    "expires_before_send_window": _("You get this at certain hours only, and by then it would be of no use."),
}


def said_to_you(decision: Decision) -> str:
    """The reason of a decision, in a sentence."""
    why = decision.why
    if why.rule is Rule.CHOICE and why.width:
        on, off = _CHOSEN[why.width]
        return str(on if isinstance(decision, Send) else off)
    if isinstance(decision, Send):
        return str(_SENT[why.rule])
    return str(_UNTOLD[decision.reason])


def answer_of(decision: Decision) -> str:
    """`send`, `skip` or `hold`."""
    return "send" if isinstance(decision, Send) else "skip" if isinstance(decision, Skip) else "hold"
