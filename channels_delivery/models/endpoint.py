"""An endpoint: where a person can be reached that they added themselves, such as a browser that takes pushes."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.kernel.encrypted import EncryptedJSONField
from notifications.kernel.tokens import uuid7
from notifications.models import TenantOwned


class Endpoint(TenantOwned):
    """One address of one person, unique within its tenant and kind by the hash of `suppression.digest`.

    Messages go to what is verified and not disabled. `secrets` are encrypted, and copied as they stand into the
    deliveries. `origin` is the service behind it, if it has one: by it, many failing addresses are told from one. What
    has to be verified has a code, kept as a hash, good until `code_until` and for so many more `code_tries`.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    recipient = models.ForeignKey(
        "notifyhub_notifications.Recipient", on_delete=models.CASCADE, verbose_name=_("person"), related_name="+"
    )
    kind = models.CharField(_("kind"), max_length=32)
    label = models.CharField(_("label"), max_length=100, blank=True)
    address = models.CharField(_("address"), max_length=500)
    digest = models.CharField(max_length=64, editable=False)
    origin = models.CharField(max_length=200, blank=True, editable=False)
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    secrets = EncryptedJSONField(_("secrets"), default=dict, blank=True)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    created_at = models.DateTimeField(_("added"))
    last_ok_at = models.DateTimeField(_("last success"), null=True, blank=True)
    failures = models.PositiveSmallIntegerField(_("failures in a row"), default=0)
    failing_since = models.DateTimeField(null=True, editable=False)
    disabled_at = models.DateTimeField(_("disabled"), null=True, blank=True)
    disabled_because = models.CharField(_("disabled because"), max_length=200, blank=True)
    code_digest = models.CharField(max_length=64, blank=True, editable=False)
    code_until = models.DateTimeField(null=True, editable=False)
    code_tries = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta(TenantOwned.Meta):
        verbose_name = _("endpoint")
        verbose_name_plural = _("endpoints")
        constraints = [models.UniqueConstraint(fields=("digest", "tenant", "kind"), name="nh_endpoint_once")]
        indexes = [
            models.Index(fields=("recipient", "kind"), name="nh_endpoint_of"),
            models.Index(fields=("origin",), condition=~models.Q(origin=""), name="nh_endpoint_at"),
            models.Index(fields=("address",), condition=models.Q(kind="push"), name="nh_endpoint_browser"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.label or self.public_id}"
