"""The front door to a tenant's templates, and to the layouts and snippets that they share.

What is saved is checked and in force for every trigger that comes after the commit. All that a tenant has for one
workflow is kept beside it in one row, its `Wording`, which a trigger folds into the definition that it starts.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from channels_delivery.composing import template_fields
from notifications import rendering
from notifications.kernel.schema import advice
from notifications.kinds import kinds
from notifications.models import Tenant

from . import listing
from .definition import Body
from .dynamic import Findings, by_field
from .flaws import Flaw
from .lint import unknown_paths
from .models import Fragment, FragmentKind, Template, TemplateVersion, Wording
from .payload import InvalidPayload, check_bounds
from .refusals import Invalid, NotNow, Taken, Unknown
from .sending.template import LOCALE, template_schema
from .snippets import SnippetProblem, blanked, expanded_all, names_in
from .validation import texts_of

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Place:
    """Whose texts a template takes the place of: those of every send on this channel, or of the one at `step`; for
    everybody, or for people of one language."""

    workflow: str
    channel: str
    step: str = ""
    locale: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "locale", self.locale.replace("_", "-").lower())


@dataclass(frozen=True)
class Shared:
    """The layouts and snippets of a tenant, by name."""

    layouts: Mapping[str, str]
    snippets: Mapping[str, str]

    @classmethod
    def of(cls, tenant: Tenant) -> Shared:
        rows = Fragment.objects.filter(tenant=tenant).values_list("kind", "name", "source")
        layouts = {name: source for kind, name, source in rows if kind == FragmentKind.LAYOUT}
        return cls(layouts, {name: source for kind, name, source in rows if kind == FragmentKind.SNIPPET})


def create(tenant: Tenant, place: Place, texts: Mapping[str, Any], *, layout: str = "", by: str = "") -> Template:
    """Raises Invalid by field (`texts.title`), Taken."""
    with transaction.atomic():
        _lock(tenant)
        _refuse_flawed(tenant, place, texts, layout)
        row = Template(tenant=tenant, texts=dict(texts), layout=layout, **place.__dict__)
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError as error:
            raise Taken(_("There is a template for this workflow, channel, step and language.")) from error
        _keep_version(row, by)
        _rewrite(tenant, {place.workflow})
    return row


def change(
    template: Template, *, texts: Mapping[str, Any] | None = None, layout: str | None = None, by: str = ""
) -> Template:
    """Change what is named, each whole; where that is another text, as a new version. Raises Invalid."""
    tenant = template.tenant
    with transaction.atomic():
        _lock(tenant)
        template.refresh_from_db()
        before = template.texts, template.layout
        template.texts = template.texts if texts is None else dict(texts)
        template.layout = template.layout if layout is None else layout
        if (template.texts, template.layout) != before:
            _refuse_flawed(tenant, place_of(template), template.texts, template.layout)
            template.save(update_fields=["texts", "layout", "updated_at"])
            _keep_version(template, by)
            _rewrite(tenant, {template.workflow})
    return template


def rollback(template: Template, number: int, *, by: str = "") -> Template:
    """Say again what version `number` said, as a new version. Raises Unknown, Invalid."""
    kept = TemplateVersion.objects.filter(tenant=template.tenant_id, template=template, number=number).first()
    if kept is None:
        raise Unknown(_("There is no version %(number)d.") % {"number": number})
    return change(template, texts=kept.texts, layout=kept.layout, by=by)


def delete(template: Template) -> None:
    """The texts of the workflow itself are said again."""
    with transaction.atomic():
        _lock(template.tenant)
        Template.objects.filter(tenant=template.tenant_id, pk=template.pk).delete()
        _rewrite(template.tenant, {template.workflow})


def save_fragment(tenant: Tenant, kind: str, name: str, source: str) -> Fragment:
    """Create or change a layout or snippet, and with it every template that uses it. Raises Invalid, also where one of
    those would not be right any more."""
    with transaction.atomic():
        _lock(tenant)
        if errors := dict(_flaws_of_fragment(kind, name, source)):
            raise Invalid(_("Some fields are missing or wrong."), errors=errors)
        row, _created = Fragment.objects.update_or_create(
            tenant=tenant, kind=kind, name=name, defaults={"source": source}
        )
        _rewrite(tenant, users_of(tenant, kind, name))
    return row


def look_over_fragment(tenant: Tenant, kind: str, name: str, source: str) -> None:
    """Whether `save_fragment` would take this; for a form. Raises Invalid."""
    with transaction.atomic():
        save_fragment(tenant, kind, name, source)
        transaction.set_rollback(True)


def delete_fragment(fragment: Fragment) -> None:
    """Raises NotNow while a template uses it."""
    with transaction.atomic():
        _lock(fragment.tenant)
        if users := users_of(fragment.tenant, fragment.kind, fragment.name):
            used = {"workflows": ", ".join(sorted(users))}
            raise NotNow(_("Templates of these workflows use it: %(workflows)s.") % used, code="in_use")
        Fragment.objects.filter(tenant=fragment.tenant_id, pk=fragment.pk).delete()


def inspect(tenant: Tenant, place: Place, texts: Mapping[str, Any], *, layout: str = "") -> Findings:
    """What is wrong with such a template, and what looks like a mistake."""
    found = listing.find(tenant, place.workflow)
    body = found.design.body(found.key) if found else None
    errors = list(_flaws_of_place(place, body))
    if not errors:
        errors += _flaws_of_texts(texts, place.channel)
        errors += _flaws_of_layout(layout, place.channel)
    if not errors:
        errors += _flaws_of_whole(tenant, texts, layout)
    warnings = list(_warnings(texts, place, body)) if body and not errors else []
    return Findings(errors, warnings)


def showable(tenant: Tenant, texts: Mapping[str, Any], layout: str) -> dict[str, Any]:
    """The texts whole, for a preview. Raises Invalid where a text cannot be parsed."""
    errors = list(_flaws_of_syntax(texts, "texts")) or _flaws_of_whole(tenant, texts, layout)
    if errors:
        raise Invalid(_("Some fields are missing or wrong."), errors=by_field(errors))
    return whole(texts, layout, Shared.of(tenant))


def place_of(template: Template) -> Place:
    return Place(template.workflow, template.channel, template.step, template.locale)


def whole(texts: Mapping[str, Any], layout: str, shared: Shared) -> dict[str, Any]:
    """The texts as a definition has them: snippets in them, the layout beside them. Raises SnippetProblem."""
    found: dict[str, Any] = expanded_all(texts, shared.snippets)
    if layout:
        if layout not in shared.layouts:
            raise SnippetProblem(
                f"There is no layout {layout!r}; known: {', '.join(sorted(shared.layouts)) or 'none'}."
            )
        found["layout"] = expanded_all(shared.layouts[layout], shared.snippets)
    return found


def _lock(tenant: Tenant) -> None:
    """One template of a tenant is saved after the other, so that a wording has all of them. Triggers do not wait."""
    list(Tenant.objects.filter(pk=tenant.pk).select_for_update(no_key=True).values_list("pk"))


def _keep_version(row: Template, by: str) -> None:
    versions = TemplateVersion.objects.filter(tenant=row.tenant_id, template=row)
    number = (versions.aggregate(last=Max("number"))["last"] or 0) + 1
    said = {"texts": row.texts, "layout": row.layout, "saved_by": by[:200]}
    TemplateVersion.objects.create(tenant_id=row.tenant_id, template=row, number=number, **said)


def _rewrite(tenant: Tenant, keys: Collection[str]) -> None:
    """The wordings of these workflows, out of all their templates. Raises Invalid where one is not right any more."""
    shared, texts = Shared.of(tenant), dict[str, list[dict[str, Any]]]()
    rows = Template.objects.filter(tenant=tenant, workflow__in=keys).order_by("workflow", "channel", "step", "locale")
    errors = dict[str, str]()
    for row in rows:
        flaws = _flaws_of_whole(tenant, row.texts, row.layout, shared)
        errors |= by_field([Flaw(f"{row}: {flaw.where}", flaw.message) for flaw in flaws])
        if not flaws:
            said = {"channel": row.channel, "step": row.step, "locale": row.locale}
            texts.setdefault(row.workflow, []).append({**said, "texts": whole(row.texts, row.layout, shared)})
    if errors:
        raise Invalid(_("Templates that use it would not be right any more."), errors=errors)
    Wording.objects.filter(tenant=tenant, key__in=set(keys) - set(texts)).delete()
    for key, wording in texts.items():
        canonical = json.dumps(wording, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        name = hashlib.sha256(canonical.encode()).hexdigest()
        Wording.objects.update_or_create(tenant=tenant, key=key, defaults={"hash": name, "texts": wording})


def users_of(tenant: Tenant, kind: str, name: str) -> set[str]:
    """The workflows whose templates use this fragment, through others too."""
    fragments = {(one.kind, one.name): one.source for one in Fragment.objects.filter(tenant=tenant)}
    using = {(kind, name)}
    for _round in fragments:
        further = {
            place
            for place, source in fragments.items()
            if any((FragmentKind.SNIPPET.value, one) in using for one in names_in(source))
        }
        if further <= using:
            break
        using |= further
    return {
        row.workflow
        for row in Template.objects.filter(tenant=tenant)
        if (FragmentKind.LAYOUT.value, row.layout) in using
        or any((FragmentKind.SNIPPET.value, one) in using for _w, text in texts_of(row.texts) for one in names_in(text))
    }


def _refuse_flawed(tenant: Tenant, place: Place, texts: Mapping[str, Any], layout: str) -> None:
    errors = inspect(tenant, place, texts, layout=layout).errors
    if errors:
        raise Invalid(_("Some fields are missing or wrong."), errors=by_field(errors))


def _flaws_of_place(place: Place, body: Body | None) -> Iterator[Flaw]:
    known = kinds()
    if body is None:
        yield Flaw("workflow", f"There is no workflow {place.workflow!r}.")
    if place.channel not in known:
        yield Flaw("channel", f"Must be one of: {', '.join(known)}.")
    if place.locale and not (len(place.locale) <= 16 and re.fullmatch(LOCALE, place.locale)):
        yield Flaw("locale", "Must be a language like `de`, or one of a region like `de-at`.")
    if body is not None and place.step:
        steps = {position for position, step in body.walk() if step.get("channel") == place.channel}
        if place.step not in steps:
            sends = ", ".join(sorted(steps)) or "none"
            yield Flaw("step", f"No send on {place.channel} stands there; the steps that are: {sends}.")


def _flaws_of_texts(texts: Mapping[str, Any], channel: str) -> list[Flaw]:
    """Each with the place in the text as it was written."""
    try:
        check_bounds(dict(texts))
    except InvalidPayload as error:
        return [Flaw("texts", error.errors[""])]
    if not texts:
        return [Flaw("texts", "Has no text.")]
    wrong = advice(texts, template_schema(channel), within="texts")
    return [Flaw(where, message) for where, message in wrong.items()] or list(_flaws_of_syntax(texts, "texts"))


def _flaws_of_layout(layout: str, channel: str) -> list[Flaw]:
    fits = not layout or "layout" in template_fields(channel)
    return [] if fits else [Flaw("layout", f"What is sent on {channel} has no layout.")]


def _flaws_of_syntax(texts: Any, within: str) -> Iterator[Flaw]:
    for where, text in texts_of(texts):
        try:
            rendering.parse(blanked(text))
        except rendering.TemplateProblem as problem:
            yield Flaw(f"{within}.{where}" if where else within, str(problem))


def _flaws_of_whole(tenant: Tenant, texts: Mapping[str, Any], layout: str, shared: Shared | None = None) -> list[Flaw]:
    """With its snippets and layout in it."""
    try:
        return list(_flaws_of_syntax(whole(texts, layout, shared or Shared.of(tenant)), "texts"))
    except SnippetProblem as problem:
        return [Flaw("texts", str(problem))]


def _flaws_of_fragment(kind: str, name: str, source: str) -> Iterator[tuple[str, str]]:
    if kind not in FragmentKind.values:
        yield "kind", f"Must be one of: {', '.join(FragmentKind.values)}."
    if NAME.fullmatch(name) is None:
        yield "name", "Must be 1 to 64 letters, digits, `.`, `_` and `-`, the first a letter or digit."
    try:
        check_bounds({"source": source})
    except InvalidPayload as error:
        yield "source", error.errors[""]
        return
    for flaw in _flaws_of_syntax(source, "source"):
        yield "source", flaw.message


def _warnings(texts: Mapping[str, Any], place: Place, body: Body) -> Iterator[Flaw]:
    if place.channel not in body.channels():
        yield Flaw("channel", f"The workflow has no send on {place.channel}: nobody will read this.")
    for where, text in texts_of(texts):
        for message in unknown_paths(blanked(text), body.payload_schema):
            yield Flaw(f"texts.{where}", message)
