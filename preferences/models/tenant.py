"""What a tenant says for all its people: defaults that each may change, and locks that nobody can."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.models import TenantOwned

from .choice import check_channel


class TenantChoice(TenantOwned):
    """Yes or no, as wide as a `Choice`. `locked`: whatever people chose; else for those who chose nothing. `note` tells
    people why it is locked."""

    kind = models.CharField(_("channel"), max_length=32, blank=True)
    category = models.CharField(_("category"), max_length=100, blank=True)
    workflow = models.CharField(_("workflow"), max_length=100, blank=True)
    wanted = models.BooleanField(_("on"))
    locked = models.BooleanField(_("locked"), default=False)
    note = models.CharField(_("why"), max_length=200, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("default or lock")
        verbose_name_plural = _("defaults and locks")
        constraints = [
            models.UniqueConstraint(
                fields=("tenant", "kind", "category", "workflow", "locked"), name="nh_tenant_choice"
            ),
            models.CheckConstraint(
                condition=models.Q(category="") | models.Q(workflow=""), name="nh_tenant_choice_one_width"
            ),
        ]

    def __str__(self) -> str:
        width = self.workflow or self.category or "everything"
        said = "lock" if self.locked else "default"
        return f"{said}: {width} {self.kind} {'on' if self.wanted else 'off'}"

    def clean(self) -> None:
        """A channel that reaches people; one width; and no default that a lock of the same width contradicts."""
        check_channel(self.kind)
        if self.category and self.workflow:
            raise ValidationError(_("Name a category or a workflow, not both."))
        same = TenantChoice.objects.filter(
            tenant=self.tenant_id, kind=self.kind, category=self.category, workflow=self.workflow
        )
        if same.filter(locked=not self.locked, wanted=not self.wanted).exists():
            told = _("There is a lock or default of the same width that says the opposite. Change or remove it first.")
            raise ValidationError({"wanted": told})
