"""Who can be told: a person in a tenant, the topics they follow, and how they stand to single objects."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from ..kernel.tokens import uuid7
from .base import TenantOwned, TenantQuerySet

TARGET_MAX = 320


class Role(models.TextChoices):
    OWNER = "owner", _("owner")
    ADMIN = "admin", _("admin")
    MEMBER = "member", _("member")


class _People(models.Manager["Recipient"]):
    def get_queryset(self) -> models.QuerySet[Recipient]:
        return super().get_queryset().filter(ad_hoc=False)


_OfPeople = _People.from_queryset(TenantQuerySet)
_OfAll = models.Manager.from_queryset(TenantQuerySet)


class Recipient(TenantOwned):
    """A person in a tenant, known to the host by `external_id`; with or without a Django user.

    E-mail and phone here are the host's word. An address that the person added is an endpoint of its own.

    An `ad_hoc` row is no person but a mere e-mail address that a trigger named. It walks, waits and is explained like
    everybody else, and so it is a row here. It is never `active`, so no index and no list of people has it, and
    `objects` leaves it out; `reachable` has both.
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
    ad_hoc = models.BooleanField(default=False, db_default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = _OfPeople()  # type: ignore[assignment, misc]
    reachable = _OfAll()

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
            models.Index(
                models.F("tenant"), Lower("email"), condition=~models.Q(email=""), name="nh_recipient_by_email"
            ),
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


class Nesting(models.Model):
    """A topic that lies in another one of its tenant: who follows `inner` is told what goes to `outer`. Written by
    `topics.py`, which keeps out circles."""

    outer = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="nestings", db_index=False)
    inner = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+", verbose_name=_("topic inside"))

    class Meta:
        verbose_name = _("topic inside")
        verbose_name_plural = _("topics inside")
        constraints = [models.UniqueConstraint(fields=("outer", "inner"), name="nh_nesting")]

    def __str__(self) -> str:
        return f"{self.inner} · {self.outer}"

    def clean(self) -> None:
        from ..topics import problem_of

        if problem := problem_of(self.outer, [self.inner]):
            raise ValidationError({"inner": problem})


class Subscription(models.Model):
    """One person follows one topic of their own tenant; of what goes there, where there is a `condition`, that of which
    it is true."""

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="subscriptions", db_index=False)
    recipient = models.ForeignKey(Recipient, on_delete=models.CASCADE, related_name="subscriptions")
    condition = models.JSONField(_("condition"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        constraints = [models.UniqueConstraint(fields=("topic", "recipient"), name="nh_subscription")]
        indexes = [
            models.Index(
                fields=("topic", "recipient"),
                condition=models.Q(condition__isnull=False),
                name="nh_subscription_condition",
            )
        ]

    def __str__(self) -> str:
        return f"{self.recipient} · {self.topic}"

    def clean(self) -> None:
        from ..topics import problems_of_condition

        if self.topic.tenant_id != self.recipient.tenant_id:
            raise ValidationError(_("The topic and the recipient belong to different tenants."))
        if problems := problems_of_condition(self.condition):
            raise ValidationError({"condition": problems})


class Stance(models.TextChoices):
    FOLLOW = "follow", _("follows it")
    MUTE = "mute", _("has muted it")


class Attention(TenantOwned):
    """How one person stands to one object of the host's: they follow it, or have muted it. `target` is the object, as
    `targets.Target` spells it. Written by `targets.py`."""

    recipient = models.ForeignKey(Recipient, on_delete=models.CASCADE, related_name="+", db_index=False)
    target = models.CharField(_("object"), max_length=TARGET_MAX)
    stance = models.CharField(_("stance"), max_length=8, choices=Stance.choices)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("follow or mute")
        verbose_name_plural = _("follows and mutes")
        constraints = [models.UniqueConstraint(fields=("recipient", "target"), name="nh_attention")]
        indexes = [models.Index(fields=("tenant", "target", "stance", "recipient"), name="nh_attention_by_target")]

    def __str__(self) -> str:
        return f"{self.recipient} {self.stance} {self.target}"

    def clean(self) -> None:
        from ..targets import Target

        if self.tenant_id != self.recipient.tenant_id:
            raise ValidationError(_("The recipient belongs to another tenant."))
        try:
            Target.parse(self.target)
        except ValueError as error:
            raise ValidationError({"target": str(error)}) from None
