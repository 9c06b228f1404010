"""When people want it: quiet hours, send windows, digests, snooze; and how they want to be called in an escalation."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.models import TenantOwned

from .. import policies, times

_DAYS = [(1, _("Monday")), (2, _("Tuesday")), (3, _("Wednesday")), (4, _("Thursday")), (5, _("Friday"))]
_DAYS += [(6, _("Saturday")), (7, _("Sunday"))]


class _Times(TenantOwned):
    """What is null (or empty, of a text) is left to whoever speaks next: the tenant after a person, and nobody after
    the tenant. An empty list is said: none. `preferences/times.py` has the shapes."""

    quiet_hours = models.JSONField(_("quiet hours"), null=True, blank=True)
    send_windows = models.JSONField(_("send windows"), null=True, blank=True)
    frequencies = models.JSONField(_("how often, by category"), null=True, blank=True)
    digest_at = models.CharField(_("hour of digests"), max_length=5, blank=True)
    digest_day = models.SmallIntegerField(_("day of weekly digests"), null=True, blank=True, choices=_DAYS)
    summaries = models.BooleanField(_("one summary of what was held"), null=True, blank=True)

    class Meta(TenantOwned.Meta):
        abstract = True

    def clean(self) -> None:
        checks: list[tuple[str, Any]] = [
            ("quiet_hours", times.quiet_hours_problem),
            ("send_windows", times.send_windows_problem),
            ("frequencies", times.frequencies_problem),
            ("digest_at", times.digest_at_problem),
        ]
        found = {name: problem for name, check in checks if (problem := check(getattr(self, name)))}
        if found:
            raise ValidationError(found)


class Habits(_Times):
    """Those of one person. `policies`: which channel first, and which after how long, by `default` and `important`."""

    recipient = models.OneToOneField(
        "notifyhub_notifications.Recipient", on_delete=models.CASCADE, related_name="+", verbose_name=_("recipient")
    )
    snooze_until = models.DateTimeField(_("do not disturb until"), null=True, blank=True)
    policies = models.JSONField(_("in an escalation"), default=dict, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta(_Times.Meta):
        verbose_name = _("habits of a person")
        verbose_name_plural = _("habits of people")

    def __str__(self) -> str:
        return str(self.recipient)

    def clean(self) -> None:
        super().clean()
        if problem := policies.problem(self.policies):
            raise ValidationError({"policies": problem})


class TenantHabits(_Times):
    """Those of a tenant, for its people who said nothing themselves."""

    changed_at = models.DateTimeField(auto_now=True)

    class Meta(_Times.Meta):
        verbose_name = _("default hours of a tenant")
        verbose_name_plural = _("default hours of tenants")
        constraints = [models.UniqueConstraint(fields=("tenant",), name="nh_tenant_habits")]

    def __str__(self) -> str:
        return str(self.tenant)
