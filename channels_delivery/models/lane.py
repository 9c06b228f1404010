"""A lane: the queue in front of one way out, with its cap, its rate and its breaker."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from notifications.models import TenantOwned


class Breaker(models.TextChoices):
    CLOSED = "closed", _("closed")
    OPEN = "open", _("open")
    PROBING = "probing", _("probing")


class Lane(TenantOwned):
    """The row that claims lock. Counters are changed only under that lock, and never counted from deliveries.

    `ready_at` is when something may be due: NULL when nothing is, or while the lane is full. `open_at`: nothing leaves
    before (the endpoint asked for patience, or the breaker is open). `rate` is in sends a second, with a burst of one
    second; NULL is no limit. `history` holds the latest results as bits, the newest lowest.
    """

    key = models.CharField(_("key"), max_length=100)
    urgency = models.PositiveSmallIntegerField(default=1)
    cap = models.PositiveIntegerField(default=8)
    in_flight = models.PositiveIntegerField(default=0)
    rate = models.FloatField(null=True)
    tokens = models.FloatField(default=0)
    refilled_at = models.DateTimeField(null=True)
    ready_at = models.DateTimeField(null=True)
    open_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    history = models.PositiveIntegerField(default=0)
    results = models.PositiveIntegerField(default=0)
    breaker = models.CharField(max_length=8, choices=Breaker.choices, default=Breaker.CLOSED)
    probe_after = models.PositiveIntegerField(default=30)

    class Meta(TenantOwned.Meta):
        verbose_name = _("lane")
        verbose_name_plural = _("lanes")
        constraints = [models.UniqueConstraint(fields=("tenant", "key", "urgency"), name="nh_lane")]
        indexes = [models.Index(fields=("ready_at",), condition=Q(ready_at__isnull=False), name="nh_lane_ready")]

    def __str__(self) -> str:
        return f"{self.key}/{self.urgency}"
