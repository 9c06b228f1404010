"""An address to which nothing of a kind is sent any more."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.models import TenantOwned


class Suppression(TenantOwned):
    """Kept as a hash (`suppression.digest`), so that the list of those who want no mail is no list of mail addresses,
    and may stay when everything else about a person is erased."""

    kind = models.CharField(_("kind"), max_length=32)
    digest = models.CharField(_("hash of the address"), max_length=64)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("since"))

    class Meta(TenantOwned.Meta):
        verbose_name = _("suppressed address")
        verbose_name_plural = _("suppressed addresses")
        constraints = [models.UniqueConstraint(fields=("digest", "tenant", "kind"), name="nh_suppression")]

    def __str__(self) -> str:
        return f"{self.kind} {self.digest[:12]}"
