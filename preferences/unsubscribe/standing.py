"""How things stand with what a link speaks of, for the page that it leads to."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import F, Q

from notifications.kinds import kinds
from notifications.models import Category, NoticeType, Recipient

from ..models import TenantChoice
from ..precedence import whether
from ..reading import said_about
from ..verdict import Decision, Rule, Send, Subject
from .scope import Scope


@dataclass(frozen=True)
class Standing:
    """`topic`: the category or workflow, as people know it; `workflows` are those it is about, and `critical` those
    that come in any case. `on`: whether it is sent; `locked`: whether that is the tenant's word, and `note` why.
    `channel_on`: whether its channel is on at all."""

    topic: str
    description: str
    channel: str
    on: bool
    locked: bool
    channel_on: bool
    channel_locked: bool
    note: str = ""
    workflows: list[str] = field(default_factory=list)
    critical: list[str] = field(default_factory=list)


def standing_of(scope: Scope, person: Recipient) -> Standing:
    """In three queries, four where there is a note to be read."""
    types = _types(scope)
    of_topic, of_channel = _decided(scope, person, types)
    kind = kinds().get(scope.kind)
    locked = _is_locked(of_topic)
    topic, description = _topic(scope, types)
    return Standing(
        topic=topic,
        description=description,
        channel=str(kind.name) if kind else scope.kind,
        on=isinstance(of_topic, Send),
        locked=locked,
        channel_on=isinstance(of_channel, Send),
        channel_locked=_is_locked(of_channel),
        note=_note(scope) if locked else "",
        workflows=[] if scope.workflow else [one.name for one in types if not one.critical],
        critical=[one.name for one in types if one.critical],
    )


def _decided(scope: Scope, person: Recipient, types: list[NoticeType]) -> list[Decision]:
    said = types[0].defaults if scope.workflow and types else {}
    default = said.get(scope.kind, said.get(""))
    subjects = [Subject(scope.workflow, scope.category, scope.kind, default=default), Subject("", "", scope.kind)]
    rows = said_about(subjects, [person.pk], tenant_id=scope.tenant_id)
    return [one[person.pk] for one in whether(subjects, [person.pk], choices=rows.choices, of_tenant=rows.of_tenant)]


def _types(scope: Scope) -> list[NoticeType]:
    """The workflows that it is about and that use its channel; the tenant's own in the place of a shared one."""
    named = Q(key=scope.workflow) if scope.workflow else Q(category__key=scope.category)
    ours = Q(tenant=scope.tenant_id) | Q(tenant__isnull=True)
    found = {one.key: one for one in NoticeType.objects.filter(named, ours).order_by(F("tenant").asc(nulls_first=True))}
    return sorted((one for one in found.values() if scope.kind in one.kinds), key=lambda one: one.name)


def _topic(scope: Scope, types: list[NoticeType]) -> tuple[str, str]:
    """Its name, and what it is; its key where it has no name any more."""
    if scope.workflow:
        return next(((one.name, one.description) for one in types), (scope.workflow, ""))
    ours = Q(tenant=scope.tenant_id) | Q(tenant__isnull=True)
    rows = Category.objects.filter(ours, key=scope.category).order_by(F("tenant").asc(nulls_last=True))
    return rows.values_list("name", "description").first() or (scope.category, "")


def _is_locked(decision: Decision) -> bool:
    return decision.why.rule is Rule.LOCK


def _note(scope: Scope) -> str:
    """Why it is locked: the word of the narrowest lock that has one."""
    locks = TenantChoice.objects.filter(tenant=scope.tenant_id, locked=True, kind__in=["", scope.kind])
    mine = locks.filter(category__in=["", scope.category], workflow__in=["", scope.workflow]).exclude(note="")
    return mine.order_by("-workflow", "-category", "-kind").values_list("note", flat=True).first() or ""
