"""What is held: a message of one channel for one person, until they want to hear of it. The person walks on."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from notifications.models import TenantOwned

from ..verdict import Subject


class HeldWords(TenantOwned):
    """What is said, once for everybody for whom it is held, and what it is a matter of: the subject that is decided
    again. `content` are the words as a `Content`, `letter` is for whoever sends it and opaque here. `origin` and
    `origin_step` say where it came from; the same words from there, by their `digest`, are one row, however many times
    they are put aside. `about` are the objects that they speak of, a line each. After some days the words are taken
    out, and `emptied_at` says when."""

    kind = models.CharField(_("channel"), max_length=32)
    workflow = models.CharField(_("workflow"), max_length=100)
    category = models.CharField(_("category"), max_length=100, blank=True)
    by_default = models.BooleanField(null=True)
    origin = models.UUIDField()
    origin_step = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    content = models.JSONField()
    letter = models.JSONField()
    skip_if_read = models.BooleanField(default=False)
    about = models.TextField(blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True)
    created_at = models.DateTimeField()
    emptied_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        verbose_name = _("held words")
        verbose_name_plural = _("held words")
        constraints = [  # its first column also finds all of an origin
            models.UniqueConstraint(fields=("origin", "origin_step", "digest"), name="nh_heldwords_once")
        ]
        indexes = [
            models.Index(fields=("created_at",), condition=Q(emptied_at__isnull=True), name="nh_heldwords_full"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.workflow}"

    @property
    def subject(self) -> Subject:
        """What is decided about again."""
        return Subject(self.workflow, self.category, self.kind, expires_at=self.expires_at, default=self.by_default)


class End(models.TextChoices):
    """How a hold ended, where it was not by a reason why it is not sent at all."""

    SENT = "sent", _("sent")
    SUMMARY = "summary", _("sent in a summary")
    CANCELLED = "cancelled", _("cancelled")


class Hold(TenantOwned):
    """One message for one person. `until` is the exact instant until which it is held, `due_at` the moment at which
    it is looked at again: a little later, or at once where what the person wants has changed. `since` is when it was
    first held, `reason` the code of the rule that holds it.

    An ended one stays on record for a time, to be explained: `ended_as` is one of `End`, or the code of the reason why
    nothing was sent. `sooner_at` is when its person asked for it before its time. `left_as` is the origin under which
    it left in a summary, with `left_with` others.

    No foreign keys in the database but the tenant's: one verb writes these rows, thousands at a time. What is open is
    found by when it is due, what is held for a person by them, and what came from one place by its words.
    """

    tenant = models.ForeignKey(  # its index is `nh_hold_due`
        "notifyhub_notifications.Tenant", on_delete=models.CASCADE, db_index=False, related_name="+"
    )
    recipient = models.ForeignKey(
        "notifyhub_notifications.Recipient",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    words = models.ForeignKey(
        HeldWords, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    since = models.DateTimeField(_("held since"))
    until = models.DateTimeField(_("until"))
    due_at = models.DateTimeField()
    reason = models.CharField(_("because"), max_length=64)
    sooner_at = models.DateTimeField(_("asked for"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_as = models.CharField(_("ended as"), max_length=64, blank=True)
    left_as = models.UUIDField(null=True)
    left_with = models.PositiveIntegerField(default=0)

    class Meta(TenantOwned.Meta):
        verbose_name = _("held message")
        verbose_name_plural = _("held messages")
        indexes = [
            models.Index(fields=("tenant", "due_at"), condition=Q(ended_at__isnull=True), name="nh_hold_due"),
            models.Index(fields=("recipient", "id"), name="nh_hold_of_person"),
            models.Index(fields=("words",), name="nh_hold_of_words"),
        ]

    def __str__(self) -> str:
        return f"{self.recipient_id} {self.words_id} until {self.until:%Y-%m-%d %H:%M}"
