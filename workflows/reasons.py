"""Every code with which this engine, the preferences and the outbox say why, in words."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

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
    "no_address": _("Has no address for this."),
    "read": _("Had read it in the inbox already."),
    "no_channel": _("No channel of the team listens to this workflow."),
    "channel_paused": _("The channel is off."),
    "unknown_channel": _("This site has no such channel."),
    "template_failed": _("The text could not be made, so the workflow's name was sent instead."),
    "invalid_time": _("The time to wait for could not be read, so nobody waited."),
}
"""Why somebody got nothing at a step, or why their walk ended."""

REMARKS = frozenset({"template_failed", "invalid_time"})
"""Those that silenced nothing."""
