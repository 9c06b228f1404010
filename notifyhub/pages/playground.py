"""The playground: pick a workflow, edit its payload, say who is told, and trigger it; or see what would happen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from notifications.edges import Principal
from notifications.kernel.config import enabled
from notifications.models import Recipient, Tenant, Topic
from workflows import registry
from workflows.define import Workflow
from workflows.refusals import Refused
from workflows.runs import runs_of
from workflows.trigger import DryRun, dry_run, trigger_many

from .access import for_playground
from .draft import Draft, Problem, Unusable, problems_of
from .dry import dry_steps
from .wording import fields_of, step_in_words

PEOPLE_SHOWN = 50
RUNS_SHOWN = 6


@dataclass(frozen=True)
class Group:
    """The workflows of a category."""

    name: str
    workflows: list[Workflow]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_playground
def page(request: HttpRequest, principal: Principal) -> HttpResponse:
    workflow = _workflow(request.POST.get("workflow") or request.GET.get("workflow", ""))
    if workflow is None:
        return render(request, "playground/empty.html")
    if request.method != "POST":
        return _show(request, principal, Draft.fresh(workflow))
    draft = Draft.of(request.POST, workflow)
    try:
        if request.POST.get("do") == "dry-run":
            return _show(request, principal, draft, dry_run(draft.to_trigger(), tenant=principal.tenant))
        [answer] = trigger_many([draft.to_trigger()], tenant=principal.tenant)
        if isinstance(answer, Refused):
            raise answer
    except (Refused, Unusable) as error:
        return _show(request, principal, replace(draft, problems=_problems(error)), status=422)
    return redirect("run", run_id=answer.run)


@require_POST
@for_playground
def check(request: HttpRequest, principal: Principal) -> HttpResponse:
    """What the form would do now, for the page to say while one types. Writes nothing."""
    workflow = _workflow(request.POST.get("workflow", ""))
    if workflow is None:
        raise Http404
    try:
        found = dry_run(Draft.of(request.POST, workflow).to_trigger(), tenant=principal.tenant)
    except (Refused, Unusable) as error:
        return JsonResponse({"problems": [problem.to_json() for problem in _problems(error)]})
    return JsonResponse({"problems": [], "summary": summary(found)})


def summary(found: DryRun) -> str:
    """Who would be told, in a sentence."""
    if not found.people:
        return _("Nobody would be told.")
    names = [str(person["name"] or person["user"]) for person in found.first[:4]]
    more = found.people - len(names)
    listed = ", ".join(names) + (_(" and %(n)d more") % {"n": more} if more else "")
    return _("Would tell %(n)d: %(names)s.") % {"n": found.people, "names": listed}


def _show(
    request: HttpRequest, principal: Principal, draft: Draft, found: DryRun | None = None, *, status: int = 200
) -> HttpResponse:
    tenant = principal.tenant
    everybody = Recipient.objects.filter(tenant=tenant, active=True)
    people = list(everybody.order_by("pk")[: PEOPLE_SHOWN + 1])
    context: dict[str, Any] = {
        "tenant": tenant,
        "switched_off": not enabled(),
        "draft": draft,
        "workflow": draft.workflow,
        "fields": fields_of(draft.workflow.body.payload_schema),
        "groups": _groups(),
        "people": people[:PEOPLE_SHOWN],
        "more_people": everybody.count() - PEOPLE_SHOWN if len(people) > PEOPLE_SHOWN else 0,
        "topics": _topics(tenant),
        "runs": list(runs_of(tenant)[:RUNS_SHOWN]),
        "wrong": _by_field(draft.problems),
        "found": found,
        "summary": summary(found) if found else "",
        "steps": [step_in_words(step) for _, step in draft.workflow.body.walk()],
        "dry_steps": dry_steps(found, draft.workflow.body) if found else [],
    }
    return render(request, "playground/playground.html", context, status=status)


def _workflow(key: str) -> Workflow | None:
    """The one asked for, else the one that has most to show: that tells on most channels."""
    return registry.get(key) or max(registry.all_workflows(), key=_channels, default=None)


def _channels(workflow: Workflow) -> int:
    return len({step["channel"] for _, step in workflow.body.walk() if "channel" in step})


def _groups() -> list[Group]:
    names = {category.key: category.name for category in registry.categories()}
    by_name: dict[str, list[Workflow]] = {}
    for workflow in registry.all_workflows():
        by_name.setdefault(names.get(workflow.category, workflow.category) or _("Other"), []).append(workflow)
    return [Group(name, found) for name, found in sorted(by_name.items())]


def _topics(tenant: Tenant) -> list[Any]:
    active = Count("subscriptions", filter=Q(subscriptions__recipient__active=True))
    return list(Topic.objects.filter(tenant=tenant).annotate(followers=active).order_by("name", "key")[:PEOPLE_SHOWN])


def _problems(error: Refused | Unusable) -> list[Problem]:
    return error.problems if isinstance(error, Unusable) else problems_of(error)


def _by_field(problems: list[Problem]) -> dict[str, list[Problem]]:
    found: dict[str, list[Problem]] = {}
    for problem in problems:
        found.setdefault(problem.field, []).append(problem)
    return found
