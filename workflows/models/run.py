"""A run: what one trigger becomes. The only row that `trigger()` writes."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from notifications.kernel.tokens import uuid7
from notifications.models import TARGET_MAX, TenantOwned

from .definition import Definition


class Status(models.TextChoices):
    PENDING = "pending", _("pending")
    PROCESSING = "processing", _("processing")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")


class Run(TenantOwned):
    """`sent` means that every recipient reached an end; `failed` that the engine could not finish.

    `expand_at` is set while recipients are still to be resolved: when to go on with it; `put_off_since`, since when
    that has failed for a passing reason. `cursor` is the last recipient id resolved. A run of many people has chunks of
    its own; a small one shares `chunk` with others. `withdraw_at` is set while inbox items are still to be taken back,
    those of notifications after `withdrawn_upto`.

    `digest` is empty for a run that was triggered; else it is the step whose windows this one closed and carries on.
    `acts` counts what people did about it (`Act`). `target` is the object that it is about, as
    `notifications.targets.Target` spells it; empty for none. `depth` runs stand before it, each of which caused the
    next; `chain` has the keys of their workflows, a line each.

    No index names the status, so that PostgreSQL can finish a run without touching any.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    transaction_id = models.CharField(_("transaction id"), max_length=100)
    workflow = models.CharField(_("workflow"), max_length=100)
    definition = models.ForeignKey(Definition, on_delete=models.PROTECT, related_name="+", db_index=False)
    payload = models.JSONField(_("payload"), default=dict)
    payload_bytes = models.PositiveIntegerField(default=0)
    audience = models.JSONField(_("audience"), default=dict)
    actor = models.ForeignKey(
        "notifyhub_notifications.Recipient",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    idempotency_key = models.CharField(max_length=255, null=True)  # noqa: DJ001 - null keeps it out of the unique index
    idempotency_hash = models.CharField(max_length=64, blank=True)
    status = models.CharField(_("status"), max_length=16, choices=Status.choices, default=Status.PENDING)
    start_at = models.DateTimeField(_("starts"))
    expand_at = models.DateTimeField(null=True)
    put_off_since = models.DateTimeField(null=True)
    cursor = models.BigIntegerField(default=0)
    people = models.PositiveIntegerField(_("people"), default=0)
    chunk = models.ForeignKey("Chunk", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    target = models.CharField(_("object"), max_length=TARGET_MAX, blank=True, default="", db_default="")
    depth = models.PositiveSmallIntegerField(default=0)
    chain = models.TextField(blank=True, default="", db_default="")
    digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    acts = models.PositiveIntegerField(default=0, db_default=0)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True)
    withdraw_at = models.DateTimeField(null=True)
    withdrawn_upto = models.BigIntegerField(default=0)
    retracted_at = models.DateTimeField(_("retracted"), null=True)
    error = models.TextField(_("error"), blank=True)
    created_at = models.DateTimeField(_("created"))
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        constraints = [
            models.UniqueConstraint(fields=("tenant", "transaction_id"), name="nh_run_transaction_id"),
            models.UniqueConstraint(
                fields=("tenant", "idempotency_key"),
                condition=Q(idempotency_key__isnull=False),
                name="nh_run_idempotency_key",
            ),
        ]
        indexes = [
            models.Index(fields=("tenant", "expand_at"), condition=Q(expand_at__isnull=False), name="nh_run_to_expand"),
            models.Index(fields=("withdraw_at",), condition=Q(withdraw_at__isnull=False), name="nh_run_to_withdraw"),
            models.Index(
                fields=("created_at",), condition=Q(idempotency_key__isnull=False), name="nh_run_idempotency_age"
            ),
            models.Index(fields=("tenant", "id"), name="nh_run_of_tenant"),
            models.Index(fields=("tenant", "workflow", "start_at"), name="nh_run_of_workflow"),
        ]

    def __str__(self) -> str:
        return f"{self.workflow} {self.transaction_id}"

    @property
    def shown_status(self) -> str:
        """The status as the API says it: a retracted run is `retracted`, whatever it had reached."""
        return "retracted" if self.cancelled_at else self.status
