"""A message: what is sent, rendered once, however many it goes to."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from notifications.models import TenantOwned


class Message(TenantOwned):
    """`parts` are the words by name (`subject`, `text`, `html`, `body`…); `attachments` are storage references; `about`
    are the objects that it speaks of, a line each. Never changed, so every retry sends the same, but for one thing:
    after some days the words are taken out (`retention.py`), and `emptied_at` says when. Then it cannot be sent any
    more."""

    kind = models.CharField(_("kind"), max_length=32)
    notice_key = models.CharField(_("workflow"), max_length=100)
    parts = models.JSONField(_("parts"))
    attachments = models.JSONField(_("attachments"), default=list)
    about = models.TextField(_("objects"), blank=True, default="", db_default="", editable=False)
    created_at = models.DateTimeField()
    emptied_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            models.Index(fields=("created_at",), condition=Q(emptied_at__isnull=True), name="nh_message_full"),
            models.Index(fields=("emptied_at",), condition=Q(emptied_at__isnull=False), name="nh_message_emptied"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.notice_key}"
