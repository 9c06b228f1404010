"""What was spent of a limit in its present window."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.models import TenantOwned


class Spending(TenantOwned):
    """`digest` is of what it was spent on and of the window (`spending.py`): no number stands here."""

    digest = models.CharField(max_length=64)
    amount = models.PositiveIntegerField(default=0)
    until = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = _("spending")
        verbose_name_plural = _("spendings")
        constraints = [models.UniqueConstraint(fields=("tenant", "digest"), name="nh_spending")]
        indexes = [models.Index(fields=("until",), name="nh_spending_until")]

    def __str__(self) -> str:
        return f"{self.digest[:12]} {self.amount}"
