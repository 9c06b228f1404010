"""What a digest collects: a window for each person and key, and the events in it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from notifications.models import TenantOwned

from .definition import Definition


class Window(TenantOwned):
    """What is collected for one person at one digest, under one key. Of one `scope` a person has one open window.

    `n` counts its items. `step` and `definition` are those of whoever opened it: so it goes on. It is due when it is
    open and `closes_at` has come; a sliding one moves that on, up to `latest_at`. `carrier` is the run that carries a
    closed one to the steps behind.

    Nothing of it is a foreign key in the database, which would look up three rows for each of a thousand windows: one
    verb writes them, and Django sees to what is deleted.
    """

    tenant = models.ForeignKey(  # found by `nh_window_due`
        "notifyhub_notifications.Tenant",
        on_delete=models.CASCADE,
        db_index=False,
        db_constraint=False,
        related_name="+",
    )
    scope = models.CharField(max_length=64)
    recipient_id = models.BigIntegerField()
    definition = models.ForeignKey(
        Definition, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    step = models.CharField(max_length=64)
    n = models.PositiveIntegerField(default=0)
    closes_at = models.DateTimeField()
    latest_at = models.DateTimeField()
    closed = models.BooleanField(default=False)
    carrier = models.ForeignKey(
        "Run", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False, db_constraint=False
    )
    created_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = _("digest window")
        verbose_name_plural = _("digest windows")
        constraints = [
            models.UniqueConstraint(fields=("recipient_id", "scope"), condition=Q(closed=False), name="nh_window_open"),
        ]
        indexes = [
            models.Index(fields=("tenant", "closes_at"), condition=Q(closed=False), name="nh_window_due"),
        ]

    def __str__(self) -> str:
        return f"window {self.pk} of {self.recipient_id}"


class WindowItem(models.Model):
    """One event in one window: that this run came to this person at this digest. It is never in two windows of the
    same digest; a digest behind it has items of its own."""

    pk = models.CompositePrimaryKey("run_id", "step", "recipient_id")
    run_id = models.BigIntegerField()
    step = models.CharField(max_length=64)
    recipient_id = models.BigIntegerField()
    window_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("digest item")
        verbose_name_plural = _("digest items")
        indexes = [models.Index(fields=("window_id", "run_id"), name="nh_windowitem_in_order")]

    def __str__(self) -> str:
        return f"run {self.run_id} in window {self.window_id}"
