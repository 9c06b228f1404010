"""Who can be told: a person in a tenant, and the topics they follow."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from ..kernel.tokens import uuid7
from .base import TenantOwned


class Role(models.TextChoices):
    OWNER = "owner", _("owner")
    ADMIN = "admin", _("admin")
    MEMBER = "member", _("member")


class Recipient(TenantOwned):
    """A person in a tenant, known to the host by `external_id`; with or without a Django user.

    E-mail and phone here are the host's word. An address that the person added is an endpoint of its own.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    external_id = models.CharField(_("external id"), max_length=255)
    name = models.CharField(_("name"), max_length=200, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    locale = models.CharField(_("language"), max_length=16, blank=True)
    zone = models.CharField(_("time zone"), max_length=64, blank=True)
    role = models.CharField(_("role"), max_length=16, choices=Role.choices, default=Role.MEMBER)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        constraints = [
            models.UniqueConstraint(fields=("tenant", "external_id"), name="nh_recipient_external_id"),
            models.UniqueConstraint(
                fields=("tenant", "user"), condition=models.Q(user__isnull=False), name="nh_recipient_user"
            ),
        ]
        indexes = [
            models.Index(fields=("tenant", "role", "id"), condition=models.Q(active=True), name="nh_recipient_by_role"),
            models.Index(fields=("tenant", "id"), condition=models.Q(active=True), name="nh_recipient_by_tenant"),
        ]

    def __str__(self) -> str:
        return self.name or self.external_id


class Topic(TenantOwned):
    """Something that people follow: a project, a room, a mailing list."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    key = models.CharField(_("key"), max_length=200)
    name = models.CharField(_("name"), max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        constraints = [models.UniqueConstraint(fields=("tenant", "key"), name="nh_topic_key")]

    def __str__(self) -> str:
        return self.name or self.key


class Subscription(models.Model):
    """One person follows one topic of their own tenant."""

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="subscriptions", db_index=False)
    recipient = models.ForeignKey(Recipient, on_delete=models.CASCADE, related_name="subscriptions")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        constraints = [models.UniqueConstraint(fields=("topic", "recipient"), name="nh_subscription")]

    def __str__(self) -> str:
        return f"{self.recipient} · {self.topic}"

    def clean(self) -> None:
        if self.topic.tenant_id != self.recipient.tenant_id:
            raise ValidationError(_("The topic and the recipient belong to different tenants."))
