"""Tenants and the keys with which their servers call us."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from ..kernel.tokens import random_secret, secret_hash, uuid7
from .base import TenantOwned


class Tenant(models.Model):
    """A customer organisation. All data belongs to exactly one."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    slug = models.SlugField(_("short name"), unique=True)
    name = models.CharField(_("name"), max_length=200)
    zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    locale = models.CharField(_("language"), max_length=16, default="en")
    active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("tenant")
        verbose_name_plural = _("tenants")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Scope(models.TextChoices):
    """What a key may do."""

    TRIGGER = "trigger", _("send notifications")
    ADDRESSES = "addresses", _("send them to e-mail addresses that are nobody here")
    READ = "read", _("read everything of the tenant")
    ADMIN = "admin", _("change everything of the tenant")


def _known_scopes(scopes: object) -> None:
    if not isinstance(scopes, list) or not scopes or not set(scopes) <= set(Scope.values):
        raise ValidationError(_("Name at least one of: %s.") % ", ".join(Scope.values))


class ApiKey(TenantOwned):
    """The key of a tenant's server. Shown once when issued; kept as a prefix to find it by and a SHA-256."""

    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("prefix"), max_length=16, unique=True, editable=False)
    key_hash = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(_("scopes"), default=list, validators=[_known_scopes])
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return f"{self.name} (nh_live_{self.prefix}_…)"

    @classmethod
    def issue(
        cls, *, tenant: Tenant, name: str, scopes: Iterable[str], expires_at: datetime | None = None
    ) -> tuple[ApiKey, str]:
        """A new key, and its plain text, which is not kept. Raises ValidationError for scopes we do not know."""
        prefix, secret = secret_hash(random_secret())[:12], random_secret()
        key = cls(tenant=tenant, name=name, prefix=prefix, key_hash=secret_hash(secret), expires_at=expires_at)
        key.scopes = [str(scope) for scope in scopes]
        key.full_clean()
        key.save()
        return key, f"nh_live_{prefix}_{secret}"

    @classmethod
    def find(cls, plain: str, *, now: datetime) -> ApiKey | None:
        """The usable key behind `plain`, its tenant loaded, or None: unknown, expired, revoked, tenant suspended."""
        if not plain.startswith("nh_live_") or plain.count("_") < 3:
            return None
        prefix, secret = plain.removeprefix("nh_live_").split("_", 1)
        key = cls.objects.across_tenants().select_related("tenant").filter(prefix=prefix).first()
        expected = key.key_hash if key else secret_hash("nobody")
        matches = hmac.compare_digest(secret_hash(secret).encode(), expected.encode())
        return key if key and matches and key.usable(now=now) else None

    def usable(self, *, now: datetime) -> bool:
        expired = self.expires_at is not None and self.expires_at <= now
        return self.tenant.active and self.revoked_at is None and not expired
