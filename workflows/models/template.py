"""Words of a tenant's own: templates in place of those of a workflow, and what they share."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.kernel.tokens import uuid7
from notifications.models import TenantOwned


class Template(TenantOwned):
    """Texts that take the place of those of one channel of one workflow, static or dynamic: of all its sends on that
    channel, or of the one at `step`. Without a locale for everybody, else for people of that language."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    workflow = models.CharField(_("workflow"), max_length=100)
    channel = models.CharField(_("channel"), max_length=32)
    step = models.CharField(_("step"), max_length=64, blank=True)
    locale = models.CharField(_("language"), max_length=16, blank=True)
    texts = models.JSONField(_("texts"), default=dict)
    layout = models.CharField(_("layout"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("template")
        verbose_name_plural = _("templates")
        constraints = [
            models.UniqueConstraint(
                fields=("tenant", "workflow", "channel", "step", "locale"), name="nh_template_place"
            ),
        ]

    def __str__(self) -> str:
        return " ".join(filter(None, (self.workflow, self.channel, self.step, self.locale)))


class TemplateVersion(TenantOwned):
    """What a template said from then on. Never changed: going back to an old version is a new one."""

    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveIntegerField(_("number"))
    texts = models.JSONField(_("texts"))
    layout = models.CharField(_("layout"), max_length=64, blank=True)
    saved_by = models.CharField(_("by"), max_length=200, blank=True)
    saved_at = models.DateTimeField(_("saved"), auto_now_add=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("version of a template")
        verbose_name_plural = _("versions of templates")
        constraints = [models.UniqueConstraint(fields=("template", "number"), name="nh_template_version")]

    def __str__(self) -> str:
        return f"{self.number}"


class FragmentKind(models.TextChoices):
    LAYOUT = "layout", _("layout of a mail")
    SNIPPET = "snippet", _("snippet")


class Fragment(TenantOwned):
    """What templates share: a snippet stands wherever `{% snippet "name" %}` does, a layout around the HTML of a mail,
    which comes in the place of its `<!-- content -->`."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=16, choices=FragmentKind.choices)
    name = models.CharField(_("name"), max_length=64)
    source = models.TextField(_("source"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("layout or snippet")
        verbose_name_plural = _("layouts and snippets")
        constraints = [models.UniqueConstraint(fields=("tenant", "kind", "name"), name="nh_fragment_name")]

    def __str__(self) -> str:
        return self.name


class Wording(TenantOwned):
    """What the templates of a tenant for one workflow come to, fragments included, and the hash of that: read at each
    trigger. Written by whoever saves a template or fragment."""

    key = models.CharField(max_length=100)
    hash = models.CharField(max_length=64)
    texts = models.JSONField()

    class Meta(TenantOwned.Meta):
        verbose_name = _("wording")
        verbose_name_plural = _("wordings")
        constraints = [models.UniqueConstraint(fields=("tenant", "key"), name="nh_wording_key")]

    def __str__(self) -> str:
        return f"{self.key} @ {self.hash[:12]}"
