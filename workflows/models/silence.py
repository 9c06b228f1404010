"""Silences and inhibitions of a tenant: what is not sent, since when, until when, and whose word that was."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from notifications.kernel.tokens import uuid7
from notifications.models import TenantOwned


class Silence(TenantOwned):
    """An inhibition, if `while_active` says which runs keep it going; else a silence. JSON as `hush.Hush` has it.

    What a row says never changes and no row is deleted, so that history stays true: a change ends one and begins
    another, which `replaces` it. Only its end before time is written later, once (`expired_at`, `expired_by`).
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=200)
    owner = models.CharField(_("owner"), max_length=200, blank=True)
    reason = models.TextField(_("reason"))
    matcher = models.JSONField(_("what is not sent"))
    while_active = models.JSONField(_("while such a run is active"), null=True)
    calendar = models.JSONField(_("calendar"), null=True)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"), null=True)
    expired_at = models.DateTimeField(_("ended before time"), null=True)
    expired_by = models.CharField(_("ended by"), max_length=200, blank=True)
    replaces = models.OneToOneField(
        "self", null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("replaces")
    )
    created_by = models.CharField(_("created by"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta(TenantOwned.Meta):
        verbose_name = _("silence")
        verbose_name_plural = _("silences")
        indexes = [
            models.Index(fields=("tenant", "ends_at"), condition=Q(expired_at__isnull=True), name="nh_silence_open"),
        ]

    def __str__(self) -> str:
        return self.name
