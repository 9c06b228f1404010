"""What kinds of notice there are, so that everybody below `workflows` can name them without asking upward."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Tab(models.IntegerChoices):
    """The tab of the notification centre in which an item lies. "All" is all of them."""

    GENERAL = 0, _("General")
    WORKFLOWS = 1, _("Workflows")
    REVIEWS = 2, _("Reviews")
    COMPLETED = 3, _("Completed")
    ERRORS = 4, _("Errors")


class Category(models.Model):
    """A group of notices as people think of them. Without a tenant it is shared by all."""

    tenant = models.ForeignKey(
        "notifyhub_notifications.Tenant", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    key = models.CharField(_("key"), max_length=100)
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        constraints = [
            models.UniqueConstraint(fields=("tenant", "key"), name="nh_category_key"),
            models.UniqueConstraint(
                fields=("key",), condition=models.Q(tenant__isnull=True), name="nh_category_shared_key"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class NoticeType(models.Model):
    """One workflow as the apps below it know it: its key is also the name of the event that triggers it.

    Written downward by `workflows` when a definition is published; without a tenant it is shared by all.
    `defaults` says by channel kind ("" is every other) whether people get it who said nothing; what it does not name is
    on.
    """

    tenant = models.ForeignKey(
        "notifyhub_notifications.Tenant", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    key = models.CharField(_("key"), max_length=100)
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    category = models.ForeignKey(Category, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    critical = models.BooleanField(_("critical"), default=False)
    kinds = models.JSONField(_("channel kinds"), default=list)
    defaults = models.JSONField(_("on or off by default, by channel"), default=dict, db_default={}, blank=True)
    tab = models.SmallIntegerField(_("tab"), choices=Tab.choices, default=Tab.GENERAL)

    class Meta:
        verbose_name = _("notice type")
        verbose_name_plural = _("notice types")
        constraints = [
            models.UniqueConstraint(fields=("tenant", "key"), name="nh_notice_type_key"),
            models.UniqueConstraint(
                fields=("key",), condition=models.Q(tenant__isnull=True), name="nh_notice_type_shared_key"
            ),
        ]

    def __str__(self) -> str:
        return self.name
