"""How much passed a throttle: a row a person and key, for as long as the window is open."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.models import TenantOwned


class Throttle(TenantOwned):
    """`scope` is the throttle and its key, hashed; `recipient` 0 stands for teams. `n` is how much came in the window
    that ends at `ends_at`, what was held back included; behind that the next one begins a new window in the same row.

    No foreign key to the person: one verb writes these rows, a thousand at a time.
    """

    tenant = models.ForeignKey(  # its index is the constraint
        "notifyhub_notifications.Tenant", on_delete=models.CASCADE, db_index=False, related_name="+"
    )
    scope = models.CharField(max_length=32)
    recipient = models.BigIntegerField()
    n = models.PositiveIntegerField()
    ends_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = _("throttle")
        verbose_name_plural = _("throttles")
        constraints = [models.UniqueConstraint(fields=("tenant", "scope", "recipient"), name="nh_throttle_once")]
        indexes = [models.Index(fields=("ends_at",), name="nh_throttle_ended")]

    def __str__(self) -> str:
        return f"{self.scope} {self.recipient}: {self.n}"
