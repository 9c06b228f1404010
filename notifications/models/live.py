"""A ticket: lets a page that cannot send a header or cookie open one socket, once, within half a minute."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class SocketTicket(models.Model):
    """Kept as a hash. `identity` says whose inboxes the socket will show, and what vouches for that."""

    secret_hash = models.CharField(max_length=64, unique=True)
    identity = models.JSONField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("socket ticket")
        verbose_name_plural = _("socket tickets")

    def __str__(self) -> str:
        return f"ticket {self.pk}"
