"""A receipt: what a provider told later."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.models import TenantOwned


class Event(models.TextChoices):
    SENT = "sent", _("on its way")
    DELIVERED = "delivered", _("delivered")
    FAILED = "failed", _("not delivered")
    BOUNCED = "bounced", _("no such address")
    COMPLAINED = "complained", _("complained of")
    STOPPED = "stopped", _("wants no more")
    STARTED = "started", _("wants it again")


LASTING = (Event.STOPPED.value, Event.STARTED.value)
"""What some providers sign without a time. As long as the suppression list is kept, so is that it was heard: otherwise
an old START could be played again, and take back a later STOP."""


class Receipt(TenantOwned):
    """A fact beside a delivery, whose own state it never changes; without one it is of the channel (STOP by a reply).

    `digest` is of the channel and of the provider's own name for what it said, so that nothing counts twice. Those of
    deliveries go with them, the others after the same time, but for those that are `LASTING`.
    """

    delivery = models.ForeignKey(
        "Delivery", null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    channel = models.ForeignKey(
        "Channel", null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    event = models.CharField(_("event"), max_length=16, choices=Event.choices)
    provider_id = models.CharField(_("id of the provider"), max_length=100, blank=True)
    detail = models.CharField(_("detail"), max_length=300, blank=True)
    digest = models.CharField(max_length=64)
    at = models.DateTimeField(_("told"))

    class Meta(TenantOwned.Meta):
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        constraints = [models.UniqueConstraint(fields=("digest", "tenant"), name="nh_receipt_once")]
        indexes = [
            models.Index(
                fields=("delivery", "id"), condition=models.Q(delivery__isnull=False), name="nh_receipt_of_delivery"
            ),
            models.Index(
                fields=("at",),
                condition=models.Q(delivery__isnull=True) & ~models.Q(event__in=LASTING),
                name="nh_receipt_passing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.provider_id}"
