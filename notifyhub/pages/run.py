"""The page of a run: how far it is, whom it told, whom not and why. It follows the run until it ends."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from notifications.edges import Principal
from notifications.kernel.snapshot import one_moment
from notifications.web.clock import zone_of
from workflows import retract
from workflows.definition import load
from workflows.models import Run, Status
from workflows.reasons import in_words, kind_in_words
from workflows.runs import Person, Progress, people, progress

from .access import for_playground
from .sign_in import demo_is_on
from .timeline import timeline
from .traces import SHOWN as TRACES_SHOWN
from .traces import Outside, outside, traces
from .why import why

PEOPLE_SHOWN = 100
ASKED_MAX = 255


@dataclass(frozen=True)
class Told:
    """A line of the list of people. `tone` is how the pill looks; `username` opens their inbox in a demo."""

    person: Person
    tone: str
    label: str
    why: str
    username: str = ""


@never_cache
@require_safe
@for_playground
def page(request: HttpRequest, principal: Principal, run_id: UUID) -> HttpResponse:
    with one_moment():
        run = _run(principal, run_id)
        now_at, listed, sent = progress(run), people(run, limit=PEOPLE_SHOWN), outside(run)
        traced = traces(run, principal.tenant) if sent.deliveries else []
    asked = request.GET.get("person", "").strip()[:ASKED_MAX].replace("\0", "")
    context = {
        "why": why(run, asked) if asked else None,
        "run": run,
        "name": load(run.definition_id).name,
        "finished": is_finished(run),
        "settled": is_finished(run) and sent.is_settled,
        "failed": run.status == Status.FAILED,
        "remark": in_words(run.error) if run.error else "",
        "state": json.dumps(_state(run, now_at, sent), sort_keys=True),
        "watched": json.dumps({"run": run.transaction_id}),
        "stages": timeline(run, now_at),
        "walking": sum(now_at.walking.values()),
        "ended": now_at.ended.get("done", 0),
        "unfinished": sum(now_at.ended.values()) - now_at.ended.get("done", 0),
        "skipped": [
            {"n": n, "channel": kind_in_words(channel) if channel else "", "why": in_words(reason)}
            for (channel, reason), n in now_at.skipped.items()
        ],
        "teams": [{"channel": kind_in_words(channel), "why": in_words(reason)} for channel, reason in now_at.teams],
        "people": _told(run, listed),
        "traces": traced,
        "more_traces": max(sent.deliveries - TRACES_SHOWN, 0),
        "more": max(run.people - len(listed), 0),
        "payload": json.dumps(run.payload, indent=2, ensure_ascii=False),
        "zone": zone_of(request),
    }
    return render(request, "playground/run.html", context)


@never_cache
@require_safe
@for_playground
def state(request: HttpRequest, principal: Principal, run_id: UUID) -> HttpResponse:
    """The page in a few words; while they stay the same there is nothing new to show."""
    with one_moment():
        run = _run(principal, run_id)
        return JsonResponse(_state(run, progress(run), outside(run)))


@require_POST
@for_playground
def cancel(request: HttpRequest, principal: Principal, run_id: UUID) -> HttpResponse:
    run = _run(principal, run_id)
    done = retract.cancel(run.transaction_id, tenant=principal.tenant)
    messages.success(request, _said(done))
    return redirect("run", run_id=run_id)


def _said(done: retract.Cancelled) -> str:
    stopped = ngettext("%(n)d person will not be told", "%(n)d people will not be told", done.cancelled)
    told = ngettext("what %(n)d person has is taken back", "what %(n)d people have is taken back", done.too_late)
    parts = [(stopped, done.cancelled), (told, done.too_late)]
    return ", ".join([_("Cancelled"), *(words % {"n": n} for words, n in parts if n)]) + "."


def is_finished(run: Run) -> bool:
    """Nothing will change by itself any more."""
    ended = run.status in (Status.SENT, Status.FAILED)
    return ended and (run.cancelled_at is None or run.retracted_at is not None)


def _run(principal: Principal, run_id: UUID) -> Run:
    run = Run.objects.filter(tenant=principal.tenant, public_id=run_id).select_related("actor").first()
    if run is None:
        raise Http404(_("There is no such run in this tenant."))
    return run


def _state(run: Run, now_at: Progress, sent: Outside) -> dict[str, Any]:
    status = {"status": run.shown_status, "finished": is_finished(run)}
    return {**status, "progress": now_at.to_json(), "outside": sent.to_json()}


def _told(run: Run, listed: list[Person]) -> list[Told]:
    usernames = _usernames(listed)
    return [Told(one, *_in_words(run, one), usernames.get(one.recipient.user_id, "")) for one in listed]


def _in_words(run: Run, one: Person) -> tuple[str, str, str]:
    """Tone, label and reason. What a person did with an item (read, archived, deleted) is theirs and stays out."""
    why = in_words(one.reason) if one.reason else ""
    if one.state == "withdrawn":
        return "muted", _("Taken back"), ""
    if one.state == "superseded":
        return "muted", _("Replaced by newer word"), ""
    if one.told:
        return "success", _("Told"), why
    if why:
        return "warning", _("Not told"), why
    ended = run.status in (Status.SENT, Status.FAILED)
    return ("muted", _("Not told"), "") if ended else ("info", _("On the way"), "")


def _usernames(listed: list[Person]) -> dict[int | None, str]:
    """Whose inbox may be opened with a click: in a demo, those with an account."""
    if not demo_is_on():
        return {}
    model = get_user_model()
    accounts = model.objects.filter(pk__in=[one.recipient.user_id for one in listed], is_active=True)
    return dict(accounts.values_list("pk", model.USERNAME_FIELD))
