"""The inbox ledger: content once, a thin row a head, and one small row a person that orders their changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from ..kernel.tokens import uuid7
from .base import TenantOwned
from .catalogue import Tab

if TYPE_CHECKING:
    from ..content import Content


class Notification(TenantOwned):
    """What is said, once for all who are told the same. Never changed after it was written. `about`: the objects it
    speaks of, a line each, as `targets.Target` spells them."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    notice_key = models.CharField(_("workflow"), max_length=100)
    origin = models.UUIDField(null=True, editable=False, help_text=_("Opaque: what caused it."))
    origin_step = models.CharField(max_length=64, blank=True, editable=False)
    title = models.CharField(_("title"), max_length=300)
    level = models.CharField(_("level"), max_length=16, default="info")
    content = models.JSONField(_("content"), default=dict)
    about = models.TextField(_("objects"), blank=True, default="", db_default="", editable=False)
    created_at = models.DateTimeField(_("created"))

    class Meta(TenantOwned.Meta):
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        indexes = [
            models.Index(fields=("origin",), condition=Q(origin__isnull=False), name="nh_notification_origin"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def value(self) -> Content:
        from ..content import Content

        return Content.from_json(self.content)


class InboxState(models.Model):
    """One row a person. `head` is the number of their latest change; whoever changes an inbox takes this row first,
    so the order of the numbers is the order of the commits. `epoch` is drawn at random: a cursor from before a
    restored backup does not fit it."""

    recipient = models.OneToOneField(
        "notifyhub_notifications.Recipient",
        primary_key=True,
        on_delete=models.CASCADE,
        db_constraint=False,
        related_name="+",
    )
    head = models.BigIntegerField(default=0)
    epoch = models.BigIntegerField()
    seen_upto = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("inbox state")
        verbose_name_plural = _("inbox states")

    def __str__(self) -> str:
        return f"{self.recipient_id}: {self.epoch}.{self.head}"


class State(models.IntegerChoices):
    ACTIVE = 0, _("active")
    ARCHIVED = 1, _("archived")
    SNOOZED = 2, _("snoozed")
    WITHDRAWN = 3, _("withdrawn")
    SUPERSEDED = 4, _("superseded")
    DELETED = 5, _("deleted")


class InboxItem(models.Model):
    """One notification in one person's inbox.

    `seq` is its fixed place, `rev` the number of its latest change. Unread means: active, and either `forced`
    (marked unread by hand below the read-all mark) or not read and above the mark of its tab. No foreign key in
    the database: one verb writes these rows, a hundred thousand at a time.
    """

    pk = models.CompositePrimaryKey("recipient_id", "seq")
    recipient = models.ForeignKey(
        "notifyhub_notifications.Recipient",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    seq = models.BigIntegerField()
    rev = models.BigIntegerField()
    notification = models.ForeignKey(
        Notification, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    tab = models.SmallIntegerField(choices=Tab.choices, default=Tab.GENERAL)
    thread = models.CharField(max_length=200, null=True)  # noqa: DJ001 - null keeps it out of the partial index
    state = models.SmallIntegerField(choices=State.choices, default=State.ACTIVE)
    read_at = models.DateTimeField(null=True)
    forced = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("inbox item")
        verbose_name_plural = _("inbox items")
        constraints = [
            models.UniqueConstraint(fields=("notification", "recipient"), name="nh_item_notification"),
        ]
        indexes = [
            models.Index(
                fields=("recipient", "tab", "seq"), condition=Q(read_at__isnull=True, state=0), name="nh_item_unread"
            ),
            models.Index(fields=("recipient", "seq"), condition=Q(forced=True), name="nh_item_forced"),
            models.Index(fields=("recipient", "rev"), condition=~Q(rev=F("seq")), name="nh_item_changed"),
            models.Index(
                fields=("recipient", "thread"), condition=Q(thread__isnull=False, state=0), name="nh_item_thread"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient_id}.{self.seq}"


class Mark(models.Model):
    """Read-all, as a watermark: everything in this tab up to `read_upto` is read."""

    pk = models.CompositePrimaryKey("recipient_id", "tab")
    recipient = models.ForeignKey(
        "notifyhub_notifications.Recipient", on_delete=models.CASCADE, db_index=False, related_name="+"
    )
    tab = models.SmallIntegerField(choices=Tab.choices)
    read_upto = models.BigIntegerField()
    rev = models.BigIntegerField()

    class Meta:
        verbose_name = _("read mark")
        verbose_name_plural = _("read marks")

    def __str__(self) -> str:
        return f"{self.recipient_id}/{self.tab}: {self.read_upto}"
