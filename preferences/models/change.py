"""What was changed of somebody's preferences, by whom, when, and from where. Written once, never edited."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.models import TenantOwned


class Via(models.TextChoices):
    API = "api", _("the API")
    PAGE = "page", _("the settings page")
    LINK = "link", _("an unsubscribe link")
    ADMIN = "admin", _("the admin")
    HOST = "host", _("the host")


class Change(TenantOwned):
    """One act. `said`: what is different, as a list of `{"what", "before", "after"}`. `address` is where the request
    came from, where there was one."""

    recipient = models.ForeignKey(
        "notifyhub_notifications.Recipient", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    at = models.DateTimeField(_("when"))
    by = models.CharField(_("by"), max_length=200)
    via = models.CharField(_("by way of"), max_length=8, choices=Via.choices)
    address = models.GenericIPAddressField(_("from"), null=True, blank=True)
    said = models.JSONField(_("what"), default=list)

    class Meta(TenantOwned.Meta):
        verbose_name = _("change of preferences")
        verbose_name_plural = _("history of preferences")
        indexes = [models.Index(fields=("recipient", "-id"), name="nh_change_of_person")]

    def __str__(self) -> str:
        return f"{self.recipient_id} {self.at:%Y-%m-%d %H:%M} {self.by}"
