"""A delivery: one message to one address, and each attempt at it."""

from __future__ import annotations

from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from notifications.kernel.tokens import uuid7
from notifications.models import TenantOwned


class State(models.TextChoices):
    PENDING = "pending", _("pending")
    SENDING = "sending", _("sending")
    DELIVERED = "delivered", _("delivered")
    ACCEPTED = "accepted", _("accepted")
    FAILED = "failed", _("failed")
    DEAD = "dead", _("dead")
    CANCELLED = "cancelled", _("cancelled")
    EXPIRED = "expired", _("expired")


OPEN = ("pending", "sending")
ENDED_WELL = ("delivered", "accepted")
MISSED = ("dead", "failed", "expired")
ENDED_BADLY = (*MISSED, "cancelled")

ERASED = "erased:"
"""What the address of a delivery begins with, once its person was erased."""


class Delivery(TenantOwned):
    """The durable row of the outbox. `stable_id` is what the receiver drops duplicates by: the same for every attempt
    and every replay. The address is frozen when it is enqueued. Terminal states never change; a replay is a new row.

    No foreign keys in the database but the tenant's: one verb writes these rows, thousands at a time. No index names
    the state or the lease, so that PostgreSQL can put a lease on a row without writing any of them anew (a HOT update).
    What is open is told by `finished_at`, what ended badly by `ended_badly`.
    """

    tenant = models.ForeignKey(  # its index is `nh_delivery_of_tenant`
        "notifyhub_notifications.Tenant", on_delete=models.CASCADE, db_index=False, related_name="+"
    )

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    stable_id = models.UUIDField(default=uuid7, editable=False)
    message = models.ForeignKey(
        "Message", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    lane = models.ForeignKey("Lane", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    channel = models.ForeignKey(
        "Channel", null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    recipient = models.ForeignKey(
        "notifyhub_notifications.Recipient",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    kind = models.CharField(_("kind"), max_length=32)
    address = models.CharField(_("address"), max_length=500)
    slots = models.JSONField(default=dict)
    origin = models.UUIDField(null=True)
    origin_step = models.CharField(max_length=64, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=State.choices, default=State.PENDING)
    wait_reason = models.CharField(_("waits because"), max_length=32, blank=True)
    due_at = models.DateTimeField(_("due"))
    expires_at = models.DateTimeField(_("expires"), null=True)
    decided_at = models.DateTimeField()
    attempt = models.PositiveIntegerField(_("attempts"), default=0)
    lost = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    revoked = models.BooleanField(default=False)
    replay_of = models.ForeignKey(
        "self", null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    code = models.CharField(_("code"), max_length=32, blank=True)
    ended_badly = models.GeneratedField(
        expression=Case(When(state__in=ENDED_BADLY, then=F("state"))),
        output_field=models.CharField(max_length=16, null=True),
        db_persist=True,
    )
    """The state, once it is a bad end. Filter by it, beside the tenant, to find them by their index."""
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(
                F("origin"),
                F("origin_step"),
                Coalesce("recipient_id", 0),
                F("address"),
                Coalesce("replay_of_id", 0),  # a key, not a condition: so that it also finds all of an origin
                condition=Q(origin__isnull=False),
                name="nh_delivery_once",
            )
        ]
        indexes = [
            models.Index(
                fields=("lane", "due_at", "id"), condition=Q(finished_at__isnull=True), name="nh_delivery_due"
            ),
            models.Index(
                fields=("expires_at",),
                condition=Q(finished_at__isnull=True, expires_at__isnull=False),
                name="nh_delivery_expiring",
            ),
            models.Index(fields=("tenant", "id"), name="nh_delivery_of_tenant"),
            models.Index(fields=("channel", "id"), condition=Q(channel__isnull=False), name="nh_delivery_of_channel"),
            # The lists of what ended badly, and what is to be sent once more.
            models.Index(
                fields=("tenant", "ended_badly", "id"), condition=Q(ended_badly__isnull=False), name="nh_delivery_bad"
            ),
            models.Index(fields=("replay_of",), condition=Q(replay_of__isnull=False), name="nh_delivery_replay"),
            # Whose words are still needed. Of all rows: a partial index of what waits looks to the planner, when little
            # does, as good as the one by lane, and then a claim reads all that waits for each lane.
            models.Index(fields=("message",), name="nh_delivery_of_message"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"


class Lease(models.Model):
    """What one claim took: by it, what a dead worker held is found. It goes when its time is over, whatever became of
    its deliveries; each of them says by `lease_token` whether it is still held."""

    token = models.UUIDField(primary_key=True)
    until = models.DateTimeField()
    deliveries = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=("until",), name="nh_lease_until")]
        verbose_name = _("lease")
        verbose_name_plural = _("leases")

    def __str__(self) -> str:
        return str(self.token)


class Attempt(models.Model):
    """One try. It is written before the first byte leaves, so that nothing was ever sent that is not on record."""

    pk = models.CompositePrimaryKey("delivery_id", "no")
    delivery = models.ForeignKey(
        Delivery, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    no = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=16, blank=True)
    code = models.CharField(max_length=32, blank=True)
    detail = models.TextField(blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")

    def __str__(self) -> str:
        return f"{self.delivery_id} #{self.no}"
