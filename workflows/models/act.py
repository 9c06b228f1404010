"""What happens to a run from outside: people act on it, and events come that it waits for."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.models import TenantOwned

from .run import Run


class Act(models.Model):
    """One person did one thing about one run; the first time counts. Steps that wait look for these. Of an event that a
    run waited for, the recipient is nobody (0), and it counts for all."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+", db_index=False)
    recipient_id = models.BigIntegerField()
    kind = models.CharField(_("kind"), max_length=80)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("act")
        verbose_name_plural = _("acts")
        constraints = [models.UniqueConstraint(fields=("run", "kind", "recipient_id"), name="nh_act_once")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.recipient_id}"


class Awaited(TenantOwned):
    """A run waits at a step for an event, until then: one whose payload has the same `value` at `path`."""

    event = models.CharField(_("event"), max_length=100)
    path = models.CharField(max_length=200, blank=True)
    value = models.CharField(max_length=64)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+", db_index=False)
    step = models.CharField(max_length=64)
    until = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = _("awaited event")
        verbose_name_plural = _("awaited events")
        constraints = [models.UniqueConstraint(fields=("run", "step"), name="nh_awaited_once")]
        indexes = [
            models.Index(fields=("tenant", "event", "path", "value"), name="nh_awaited_event"),
            models.Index(fields=("until",), name="nh_awaited_over"),
        ]

    def __str__(self) -> str:
        return f"{self.event} for run {self.run_id}"
