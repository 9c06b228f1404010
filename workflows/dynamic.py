"""The front door to a tenant's own workflows: they are drafted, published, archived and taken back to a version here.

A draft may be unfinished. What is published is checked as a static workflow is, never changes, and is in force for
every trigger that comes after the commit, in whichever process: the pointer is read from the database each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from notifications.models import Category, NoticeType, Tenant

from . import registry
from .definition import Body, ensure_stored, load_many
from .design import Design, check_form
from .flaws import Flaw, flaws_of
from .lint import warnings_of
from .models import Workflow, WorkflowStatus, WorkflowVersion
from .notices import tell_below
from .refusals import Invalid, NotNow, Taken, Unknown
from .step import Step
from .steps import FOR_TENANTS

NOTE_MAX = 500


@dataclass(frozen=True)
class Findings:
    """What is wrong with a workflow: `errors` keep it from being published, `warnings` do not."""

    errors: list[Flaw]
    warnings: list[Flaw]


def find(tenant: Tenant, key: str) -> Workflow | None:
    return Workflow.objects.filter(tenant=tenant, key=key).select_related("tenant").first()


def create(tenant: Tenant, key: str, design: Design) -> Workflow:
    """Begin a draft. It comes before a static workflow of the same key once it is published. Raises Invalid, Taken."""
    check_form(key, design)
    row = Workflow(tenant=tenant, key=key, **design.to_json())
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Taken(_("This tenant has a workflow of this key."), errors={"key": _("Is taken.")}) from error
    return row


def change(workflow: Workflow, **changes: Any) -> Workflow:
    """Change what is named of the draft, each field whole; the row as it is then. What is in force stays as it is until
    the draft is published. Raises Invalid."""
    with transaction.atomic():
        row = _locked(workflow)
        _write(row, tried(row.key, Design.of(row), **changes))
    return row


def tried(key: str, design: Design, **changes: Any) -> Design:
    """The draft as it would be with these changes. Raises Invalid."""
    found = replace(design, **changes)
    check_form(key, found)
    return found


def inspect(design: Design, *, key: str, tenant: Tenant, steps: Mapping[str, Step] = FOR_TENANTS) -> Findings:
    """Whether this can be published, and what looks like a mistake. `steps`: the kinds that it may have."""
    body = design.body(key)
    errors = [*flaws_of(body, steps), *_flaws_of_category(body, tenant)]
    return Findings(errors, list(warnings_of(body)))


def showable(key: str, design: Design, *, tenant: Tenant, steps: Mapping[str, Step] = FOR_TENANTS) -> Body:
    """The draft as a version, for a preview. Raises Invalid where it has a mistake that keeps it from being one."""
    errors = inspect(design, key=key, tenant=tenant, steps=steps).errors
    if errors:
        raise Invalid(_("The workflow has mistakes; mend them to see it."), errors=by_field(errors))
    return design.body(key)


def publish(workflow: Workflow, *, now: datetime, by: str = "", note: str = "") -> WorkflowVersion:
    """Put the draft in force; its new version, or the latest again if it says the same. Raises Invalid."""
    with transaction.atomic():
        row = _locked(workflow)
        body = _sound(Design.of(row), row)
        return _put_in_force(row, body, by=by, note=note, now=now)


def archive(workflow: Workflow) -> Workflow:
    """Take it out of force; runs in flight go on. A static workflow of the same key is in force again."""
    with transaction.atomic():
        row = _locked(workflow)
        row.published, row.status = None, WorkflowStatus.ARCHIVED
        row.save(update_fields=["published", "status", "updated_at"])
        _forget_notice(row)
    return row


def rollback(workflow: Workflow, number: int, *, now: datetime, by: str = "", note: str = "") -> WorkflowVersion:
    """Put what version `number` said in force again, as a new version unless it is, and into the draft. Raises Unknown,
    Invalid."""
    with transaction.atomic():
        row = _locked(workflow)
        design = Design.of_body(body_of(version(row, number)), tags=row.tags)
        body = _sound(design, row)
        _write(row, design)
        said = note or _("Back to version %(number)d") % {"number": number}
        return _put_in_force(row, body, by=by, note=said, now=now)


def delete(workflow: Workflow) -> None:
    """Remove it with its versions. Raises NotNow while it is in force."""
    with transaction.atomic():
        row = _locked(workflow)
        if row.published_id is not None:
            raise NotNow(_("It is in force: archive it first."), code="in_force")
        _forget_notice(row)
        Workflow.objects.filter(tenant=row.tenant_id, pk=row.pk).delete()


def version(workflow: Workflow, number: int) -> WorkflowVersion:
    """Raises Unknown."""
    versions = WorkflowVersion.objects.filter(tenant=workflow.tenant_id, workflow=workflow)
    found = versions.filter(number=number).first()
    if found is None:
        raise Unknown(_("There is no version %(number)d.") % {"number": number})
    return found


def body_of(one: WorkflowVersion) -> Body:
    """Raises Unknown where it was written by a release that knew more."""
    found = load_many([one.definition_id]).get(one.definition_id)
    if found is None:
        raise Unknown(_("Version %(number)d cannot be read by this release.") % {"number": one.number})
    return found


def _locked(workflow: Workflow) -> Workflow:
    """The row, held until the transaction ends. Raises Unknown when it is gone."""
    rows = Workflow.objects.filter(tenant=workflow.tenant_id, pk=workflow.pk).select_related("tenant")
    row = rows.select_for_update(of=("self",)).first()
    if row is None:
        raise Unknown(_("It is not there any more."))
    return row


def _write(row: Workflow, design: Design) -> None:
    said = design.to_json()
    for name, value in said.items():
        setattr(row, name, value)
    row.save(update_fields=[*said, "updated_at"])


def _sound(design: Design, row: Workflow) -> Body:
    """Raises Invalid with everything that is wrong."""
    errors = inspect(design, key=row.key, tenant=row.tenant).errors
    if errors:
        raise Invalid(_("The workflow has mistakes and was not published."), errors=by_field(errors))
    return design.body(row.key)


def by_field(flaws: list[Flaw]) -> dict[str, str]:
    """The messages by field; several of one field in one text."""
    found: dict[str, str] = {}
    for flaw in flaws:
        found[flaw.where] = f"{found[flaw.where]} {flaw.message}" if flaw.where in found else flaw.message
    return found


def _put_in_force(row: Workflow, body: Body, *, by: str, note: str, now: datetime) -> WorkflowVersion:
    """As a new version; the latest one again where it says the same."""
    versions = WorkflowVersion.objects.filter(tenant=row.tenant_id, workflow=row)
    if row.published_id == body.hash():
        return versions.latest("number")
    ensure_stored({body.hash(): body})
    made = WorkflowVersion.objects.create(
        tenant_id=row.tenant_id,
        workflow=row,
        number=(versions.aggregate(last=Max("number"))["last"] or 0) + 1,
        definition_id=body.hash(),
        published_by=by[:200],
        published_at=now,
        note=note[:NOTE_MAX],
    )
    row.published_id, row.status = body.hash(), WorkflowStatus.PUBLISHED
    row.save(update_fields=["published", "status", "updated_at"])
    tell_below(body, tenant=row.tenant)
    return made


def _forget_notice(row: Workflow) -> None:
    """What is left of it in inboxes keeps its name and category, unless a static workflow gives them one."""
    if registry.get(row.key) is not None:
        NoticeType.objects.filter(tenant=row.tenant_id, key=row.key).delete()


def _flaws_of_category(body: Body, tenant: Tenant) -> list[Flaw]:
    if not body.category:
        return []
    known = list(Category.objects.filter(Q(tenant__isnull=True) | Q(tenant=tenant)).values_list("key", flat=True))
    if body.category in known:
        return []
    near = get_close_matches(body.category, known, 1)
    meant = f" Did you mean {near[0]!r}?" if near else f" Known: {', '.join(sorted(known)) or 'none'}."
    return [Flaw("category", f"There is no category {body.category!r}.{meant}")]
