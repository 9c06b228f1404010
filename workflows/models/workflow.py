"""Dynamic workflows: what a tenant wrote, which version of it is in force, and every version that ever was."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.models import TenantOwned

from .definition import Definition


class WorkflowStatus(models.TextChoices):
    DRAFT = "draft", _("draft")
    PUBLISHED = "published", _("published")
    ARCHIVED = "archived", _("archived")


class Workflow(TenantOwned):
    """The draft that is being edited. `published` is the pointer that every trigger reads: what it points at is in
    force, and comes before a static workflow of the same key."""

    key = models.CharField(_("key"), max_length=100)
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    tags = models.JSONField(_("tags"), default=list, blank=True)
    category = models.CharField(_("category"), max_length=100, blank=True)
    critical = models.BooleanField(_("critical"), default=False)
    tab = models.CharField(_("tab"), max_length=32, default="general")
    payload_schema = models.JSONField(_("payload schema"), default=dict, blank=True)
    sample = models.JSONField(_("sample"), default=dict, blank=True)
    steps = models.JSONField(_("steps"), default=list, blank=True)
    defaults = models.JSONField(_("on or off by default, by channel"), default=dict, db_default={}, blank=True)
    status = models.CharField(
        _("status"), max_length=16, choices=WorkflowStatus.choices, default=WorkflowStatus.DRAFT, editable=False
    )
    published = models.ForeignKey(
        Definition, null=True, on_delete=models.PROTECT, related_name="+", db_index=False, editable=False
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("workflow")
        verbose_name_plural = _("workflows")
        constraints = [models.UniqueConstraint(fields=("tenant", "key"), name="nh_workflow_key")]

    def __str__(self) -> str:
        return self.name


class WorkflowVersion(TenantOwned):
    """One publication. Never changed: going back to an old version is a new one."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveIntegerField(_("number"))
    definition = models.ForeignKey(Definition, on_delete=models.PROTECT, related_name="+", db_index=False)
    published_by = models.CharField(_("by"), max_length=200, blank=True)
    published_at = models.DateTimeField(_("published"))
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        constraints = [models.UniqueConstraint(fields=("workflow", "number"), name="nh_workflow_version")]

    def __str__(self) -> str:
        return f"{self.number}"
