"""`fetch`: ask a server for JSON, once a run, for the texts and conditions of the steps behind it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from channels_delivery.outbound.words import headers_advice, url_advice
from notifications import rendering
from notifications.kernel.clock import db_now

from .. import results, under_way
from ..conf import conf
from ..fetching import SECONDS_MAX, Brought, Failed, Request, ask, stand_in
from ..results import Result
from ..step import Move, Next, Note, Plan, RunFacts, Scene, Stay, Stop

FETCH_FAILED = "fetch_failed"
LEASE = timedelta(seconds=SECONDS_MAX + 10)
BUDGET = 2.0
"""Seconds after which the step begins no more requests, so that others have their turn."""
LOOK_AGAIN = timedelta(seconds=1)

_HOST = re.compile(r"https?://[^/?#{}\s]+")


class Fetch:
    """GET or POST `url`: a text over `payload`, `tenant`, `actor` and `transaction_id` whose values are escaped, so
    that they stay parts of it; its host is fixed. A POST carries the workflow, the transaction id and the payload as
    JSON. What is answered, JSON of less than 64 KB, is `steps.<name>` of the whole run.

    Tried again as every step is when the server is away; then, or when it says no, people go on without it (`on_error:
    continue`, with the reason `fetch_failed`) or end here with that reason (`stop`).
    """

    kind = "fetch"
    reaches_out = True
    schema: Mapping[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["url"],
        "properties": {
            "url": {"type": "string", "minLength": 1, "maxLength": 2_000},
            "method": {"enum": ["GET", "POST"]},
            "headers": {"type": "object", "additionalProperties": {"type": "string"}},
            "seconds": {"type": "number", "minimum": 1, "maximum": SECONDS_MAX},
            "on_error": {"enum": ["continue", "stop"]},
        },
    }

    def problems(self, settings: Mapping[str, Any]) -> Iterator[str]:
        url = settings["url"]
        fixed = _HOST.match(url)
        if fixed is None or (fixed.end() < len(url) and url[fixed.end()] not in "/?"):
            yield _("url: write scheme and host out, like https://api.example.com/{{ payload.id }}.")
        elif advice := url_advice(fixed.group()):
            yield f"url: {advice}"
        try:
            paths = rendering.paths(url)
        except rendering.TemplateProblem as problem:
            yield f"url: {problem}"
        else:
            if any(re.match(r"recipient|steps", path) for path in paths):
                yield _("url: it is asked once for everybody of a run, so it cannot name the recipient or their steps.")
        wrong = headers_advice(settings.get("headers", {}), within="headers")
        yield from (f"{where}: {what}" for where, what in wrong.items())

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        found = _fetched(settings, scene)
        soon = scene.now + LOOK_AGAIN
        next_turn = scene.now if under_way.of_process().room(scene.tenant_id) else soon
        moves, notes = [], []
        for run, people in scene.runs:
            result = found.get(run.id)
            if result is None or not result.done:
                moves.append(Move(people, Stay(min(result.free_at, soon) if result else next_turn)))
            elif not result.error:
                moves.append(Move(people, Next()))
            elif settings.get("on_error") == "stop":
                moves.append(Move(people, Stop(FETCH_FAILED, result.error)))
            else:
                moves.append(Move(people, Next()))
                notes.append(Note(people, FETCH_FAILED, detail=result.error))
        return Plan(moves, notes)


def _fetched(settings: Mapping[str, Any], scene: Scene) -> Mapping[int, Result]:
    """Ask for those runs for whom nobody has, or does, as long as the answers come at once: each is kept, and never
    asked for again."""
    runs = {run.id: _of_all(run) for run, _ in scene.runs}
    found = results.of_runs(runs, scene.step)
    began = time.monotonic()
    while (passed := time.monotonic() - began) < BUDGET:
        now = scene.now + timedelta(seconds=passed)
        open_ones = [run for run in runs if run not in found or _is_free(found[run], now)]
        room = under_way.of_process().room(scene.tenant_id)
        if not open_ones or not room:
            break
        tries = results.take(open_ones, scene.step, now=now, lease=LEASE, most=room)
        answers = _answers({run: _request(settings, runs[run], scene) for run in tries}, scene, tries)
        if answers:
            results.keep(answers, scene.step, tries=tries, now=now)
            found |= results.of_runs(answers, scene.step)
        if not tries or len(answers) < len(tries):
            break
    return found if all(run in found for run in runs) else found | results.of_runs(runs, scene.step)


def _of_all(run: RunFacts) -> RunFacts:
    """Digests that one run carries differ in their events, and it is asked once for all of them: without any."""
    return replace(run, payload={}, actor="") if run.digest else run


def _answers(
    asked: Mapping[int, Request | Failed], scene: Scene, tries: Mapping[int, int]
) -> dict[int, Brought | Failed]:
    """Those that came at once. Each of the others is kept by the thread that asks, when it comes."""
    known = {run: one for run, one in asked.items() if isinstance(one, Failed)}
    requests = {run: one for run, one in asked.items() if isinstance(one, Request)}
    if instead := stand_in():
        return {**known, **{run: instead(one) for run, one in requests.items()}}
    step = scene.step

    def late(run: int) -> Callable[[Brought | Failed], None]:
        return lambda answer: results.keep({run: answer}, step, tries={run: tries[run]}, now=db_now())

    came = under_way.of_process().ask(requests, ask, tenant=scene.tenant_id, patience=conf().fetch_patience, late=late)
    return {**known, **came}


def _is_free(result: Result, now: datetime) -> bool:
    return not result.done and result.free_at <= now


def _request(settings: Mapping[str, Any], run: RunFacts, scene: Scene) -> Request | Failed:
    values = {
        "payload": run.payload,
        "tenant": scene.tenant,
        "actor": {"name": run.actor},
        "transaction_id": run.transaction_id,
    }
    try:
        url = rendering.render(settings["url"], _quoted(values))
    except rendering.TemplateProblem as problem:
        return Failed(str(problem))
    if {".", ".."} & set(url.partition("?")[0].split("/")):  # dots cannot be escaped, and would lead elsewhere
        return Failed("A value of the payload would make another path of the URL.")
    headers = {**settings.get("headers", {}), "Accept": "application/json"}
    body = None
    if settings.get("method") == "POST":
        said = {"workflow": scene.body.key, "transaction_id": run.transaction_id, "payload": run.payload}
        body = json.dumps(said).encode()
        headers |= {"Content-Type": "application/json", "Idempotency-Key": f"{run.public_id}.{scene.step}"}
    return Request(url, headers, body, settings.get("seconds", SECONDS_MAX))


def _quoted(value: Any) -> Any:
    """The same with every text in it safe to be a part of a URL."""
    if isinstance(value, str):
        return quote(value, safe="")
    if isinstance(value, Mapping):
        return {name: _quoted(one) for name, one in value.items()}
    return [_quoted(one) for one in value] if isinstance(value, Sequence) else value


STEP = Fetch()
