"""What a person chose, at one of three widths: everything, one category, one workflow."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.kinds import Kind, kinds
from notifications.models import TenantOwned


class Choice(TenantOwned):
    """Yes or no to a channel kind. No category and no workflow means everything; no kind means every channel."""

    recipient = models.ForeignKey("notifyhub_notifications.Recipient", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(_("channel"), max_length=32, blank=True)
    category = models.CharField(_("category"), max_length=100, blank=True)
    workflow = models.CharField(_("workflow"), max_length=100, blank=True)
    wanted = models.BooleanField(_("wanted"))
    changed_at = models.DateTimeField(auto_now=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("choice")
        verbose_name_plural = _("choices")
        constraints = [
            models.UniqueConstraint(fields=("recipient", "kind", "category", "workflow"), name="nh_choice"),
            models.CheckConstraint(condition=models.Q(category="") | models.Q(workflow=""), name="nh_choice_one_width"),
        ]

    def __str__(self) -> str:
        width = self.workflow or self.category or "everything"
        return f"{self.recipient_id}: {width} {self.kind} {'yes' if self.wanted else 'no'}"

    def clean(self) -> None:
        """A channel is one of those that reach people; what only tells teams is nobody's choice."""
        check_channel(self.kind)


def personal_kinds() -> list[Kind]:
    """The channels that reach people, which are those that one may choose of."""
    return [kind for kind in kinds().values() if kind.personal]


def check_channel(kind: str) -> None:
    """Raises ValidationError for the field `kind`."""
    known = [one.key for one in personal_kinds()]
    if kind and kind not in known:
        told = _("There is no channel “%(kind)s” to people. Known: %(known)s.")
        given = {"kind": kind, "known": ", ".join(known)}
        raise ValidationError({"kind": ValidationError(told, params=given)})
