"""A definition: one version of a workflow, its texts included, stored once under the hash of its content."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Definition(models.Model):
    """Immutable. A run points at one, so an edit never touches a run in flight."""

    hash = models.CharField(max_length=64, primary_key=True, editable=False)
    key = models.CharField(_("key"), max_length=100)
    body = models.JSONField(_("body"))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("definition")
        verbose_name_plural = _("definitions")

    def __str__(self) -> str:
        return f"{self.key} @ {self.hash[:12]}"
