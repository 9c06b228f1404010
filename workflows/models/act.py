"""What people do about a run, other than reading: acknowledge it, or step out of it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .run import Run


class Act(models.Model):
    """One person did one thing about one run; the first time counts. Steps that wait look for these."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+", db_index=False)
    recipient_id = models.BigIntegerField()
    kind = models.CharField(_("kind"), max_length=64)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("act")
        verbose_name_plural = _("acts")
        constraints = [models.UniqueConstraint(fields=("run", "kind", "recipient_id"), name="nh_act_once")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.recipient_id}"
