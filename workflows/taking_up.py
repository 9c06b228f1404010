"""Taking up a folder of workflows: each file by the verbs that the API and the admin use, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from notifications.models import Tenant

from . import dynamic, texts
from .design import Design
from .folder import Folder
from .models import Fragment, FragmentKind, Template, WorkflowStatus
from .refusals import Invalid, Refused
from .texts import Place

Verb = Callable[[], str]
"""Does what a file says; what that was in a word, or nothing where the tenant had it like that already."""

_FIELDS = {one.name for one in fields(Design)}
_TEMPLATE = {"channel", "step", "locale", "layout", "texts"}


@dataclass
class TakenUp:
    """What was done, a line a change; and what is wrong, a line a mistake."""

    done: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def take_up(tenant: Tenant, folder: Folder, *, now: datetime, by: str, dry_run: bool = False) -> TakenUp:
    """Create and change what the files say; what is only in the database stays. Where anything is wrong, nothing is
    written. Files may need each other in any order: what is refused is tried again as long as others succeed."""
    found = TakenUp()
    with transaction.atomic():
        waiting = list(_verbs(tenant, folder, now=now, by=by))
        while waiting:
            failed, reasons = [], []
            for path, verb in waiting:
                try:
                    with transaction.atomic():
                        said = verb()
                except Refused as refused:
                    failed.append((path, verb))
                    reasons.append(f"{path}: {_in_words(refused)}")
                else:
                    found.done += [f"{path}: {said}"] if said else []
            if len(failed) == len(waiting):
                found.problems = reasons
                break
            waiting = failed
        if dry_run or found.problems:
            transaction.set_rollback(True)
    return found


def _verbs(tenant: Tenant, folder: Folder, *, now: datetime, by: str) -> Iterator[tuple[str, Verb]]:
    for kind, sources in ((FragmentKind.SNIPPET, folder.snippets), (FragmentKind.LAYOUT, folder.layouts)):
        for name, source in sources.items():
            yield f"{kind}s/{name}", partial(_fragment, tenant, str(kind), name, source)
    for key, said in folder.workflows.items():
        yield f"workflows/{key}", partial(_workflow, tenant, key, said, now=now, by=by)
    for key, listed in folder.templates.items():
        for place, one in enumerate(listed):
            yield f"templates/{key}[{place}]", partial(_template, tenant, key, one, by=by)


def _fragment(tenant: Tenant, kind: str, name: str, source: str) -> str:
    row = Fragment.objects.filter(tenant=tenant, kind=kind, name=name).first()
    if row is not None and row.source == source:
        return ""
    texts.save_fragment(tenant, kind, name, source)
    return "changed" if row else "created"


def _workflow(tenant: Tenant, key: str, said: Mapping[str, Any], *, now: datetime, by: str) -> str:
    _refuse_unknown(said, {*_FIELDS, "status"}, needed={"name"})
    given = {name: value for name, value in said.items() if name in _FIELDS}
    status = said.get("status", WorkflowStatus.DRAFT)
    if status not in WorkflowStatus.values:
        raise Invalid("Some fields are wrong.", errors={"status": f"One of {', '.join(WorkflowStatus.values)}."})
    row, verbs = dynamic.find(tenant, key), list[str]()
    wanted = dynamic.tried(key, Design(**given))
    if row is None:
        row = dynamic.create(tenant, key, wanted)
        verbs.append("created")
    elif Design.of(row).to_json() != wanted.to_json():
        row = dynamic.change(row, **wanted.to_json())
        verbs.append("changed")
    if status == WorkflowStatus.PUBLISHED and row.published_id != wanted.body(key).hash():
        made = dynamic.publish(row, now=now, by=by)
        verbs.append(f"published as version {made.number}")
    elif status == WorkflowStatus.ARCHIVED and row.status != WorkflowStatus.ARCHIVED:
        dynamic.archive(row)
        verbs.append("archived")
    return ", ".join(verbs)


def _template(tenant: Tenant, key: str, said: Any, *, by: str) -> str:
    if not isinstance(said, Mapping):
        raise Invalid("It must be an object.")
    _refuse_unknown(said, _TEMPLATE, needed={"channel", "texts"})
    place = Place(key, said["channel"], said.get("step", ""), said.get("locale", ""))
    rows = Template.objects.filter(tenant=tenant, workflow=key, channel=place.channel, step=place.step)
    row, layout = rows.filter(locale=place.locale).select_related("tenant").first(), said.get("layout", "")
    if row is None:
        texts.create(tenant, place, said["texts"], layout=layout, by=by)
        return "created"
    if (row.texts, row.layout) == (said["texts"], layout):
        return ""
    texts.change(row, texts=said["texts"], layout=layout, by=by)
    return "changed"


def _refuse_unknown(said: Mapping[str, Any], known: set[str], *, needed: set[str]) -> None:
    errors = {name: f"Unknown; known: {', '.join(sorted(known))}." for name in set(said) - known}
    errors |= dict.fromkeys(needed - set(said), "Is missing.")
    if errors:
        raise Invalid("Some fields are missing or wrong.", errors=errors)


def _in_words(refused: Refused) -> str:
    return "; ".join(f"{where}: {what}" for where, what in refused.errors.items()) or refused.detail
