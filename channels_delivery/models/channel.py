"""A channel: a tenant's configured way out."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.kernel.encrypted import EncryptedJSONField
from notifications.kernel.tokens import uuid7
from notifications.models import TenantOwned


class Channel(TenantOwned):
    """One way out of a kind: its settings, its secrets, and the workflow keys whose notices leave by it.

    `secrets` are encrypted in the database, and written but never read through API and admin. `failing_since`,
    `strikes` and `struck_at` tell of a way out on which nothing but failures came back (see `health.py`).
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=32)
    name = models.CharField(_("name"), max_length=200)
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    secrets = EncryptedJSONField(_("secrets"), default=dict, blank=True)
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    """Of several ways to people of a kind: the lower comes first, the next takes what it cannot send."""
    workflows = models.JSONField(_("workflows"), default=list, blank=True)
    paused_at = models.DateTimeField(_("paused"), null=True, blank=True)
    paused_because = models.CharField(_("paused because"), max_length=200, blank=True)
    failing_since = models.DateTimeField(null=True, editable=False)
    strikes = models.PositiveSmallIntegerField(default=0, editable=False)
    struck_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        constraints = [models.UniqueConstraint(fields=("tenant", "name"), name="nh_channel_name")]
        indexes = [
            models.Index(fields=("tenant", "kind"), condition=models.Q(paused_at__isnull=True), name="nh_channel_on")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"
