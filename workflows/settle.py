"""The write of a step: under the cohort's lock, for those who are still there, all of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import connection

from notifications.kernel import rowset
from notifications.live import watching

from .claim import Held
from .conf import conf
from .digests import emptied
from .finish import finish_if_done
from .hearing import CANCELLED, heard_since, listen
from .models import WENT, Chunk, Cohort, Outcome, Run, Status
from .people import NOBODY, People
from .reasons import DONE
from .scene import Work
from .step import Again, Into, Move, Next, Note, Plan, Scene, Sleep, Stay, Stop, join

Walk = tuple[People, str, int, datetime | None]
"""Who stands next at which step, in which round, and asleep until when."""


def settle(held: Held, work: Work, plan: Plan) -> Work | None:
    """Apply a plan. What is to be worked on next when the cohort stands at a further step that is due at once; None
    when it sleeps, has ended, or was no longer ours.

    In the caller's transaction. Cancelled runs lose their people here, under the same lock that the cancel takes:
    once a cancel was acknowledged, nothing more is sent. Raises Stale when it has to be planned again.
    """
    if not _still_ours(held):
        return None
    scene = work.scene
    gone = _cancelled(work) | emptied(scene)
    late = heard_since(plan.heard, scene) - gone if plan.heard else NOBODY
    live = scene.people - gone - late
    if plan.inside is not None:
        plan = plan.inside(live, scene)
    for effect in plan.effects if live else ():
        effect.apply(live, scene)
    moves = [Move(move.people & live, move.to) for move in plan.moves if move.people & live]
    check_partition(live, moves)
    stopped = [Note(gone, CANCELLED)] if gone else []
    ends, walks = ends_and_walks(moves, scene)
    walks += [(late, scene.step, scene.round, None)] if late else []
    noted = [replace(note, people=note.people & live) for note in plan.notes]
    Outcome.objects.bulk_create(
        [
            *outcomes_of(noted, scene, work.chunk, final=False),
            *outcomes_of([*stopped, *ends], scene, work.chunk, final=True),
            *ways_of(moves, scene, work.chunk),
        ]
    )
    further = _move(held, work, walks)
    if work.chunk.runs is not None:
        _finish_small(work, gone | join([end.people for end in ends]))
    elif not walks:
        finish_if_done(work.scene.runs[0][0].id, now=scene.now)
    watching.changed(run.public_id for run, _ in scene.runs)
    return further


def _still_ours(held: Held) -> bool:
    locking = "FOR UPDATE" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM {Cohort._meta.db_table} WHERE id = %s AND lease_token = %s AND open {locking}",
            [held.cohort_id, rowset.uuid_text(connection, held.token)],
        )
        return cursor.fetchone() is not None


def _cancelled(work: Work) -> People:
    """The people whose run was cancelled, for all or for them. Holds the runs, so that a cancel waits for us, or we
    for it.

    The runs of a shared chunk are also finished by us and locked for that; a large run is walked by many workers at
    once, which only keep a cancel out (`FOR KEY SHARE`). A cancel that is not committed yet is not waited for: its
    caller may take long, and there is other work. Raises OperationalError (55P03) then.
    """
    ids = sorted({run.id for run, _ in work.scene.runs})
    chosen, parameters = rowset.ids(connection, ids)
    locking = ""
    if connection.vendor == "postgresql":
        locking = "FOR KEY SHARE NOWAIT" if work.chunk.runs is None else "ORDER BY id FOR NO KEY UPDATE NOWAIT"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, cancelled_at IS NOT NULL, acts FROM {Run._meta.db_table} WHERE id IN {chosen} {locking}",
            parameters,
        )
        rows = cursor.fetchall()
    cancelled = {run for run, gone, _ in rows if gone}
    of_runs = join([people for run, people in work.scene.runs if run.id in cancelled]) if cancelled else NOBODY
    return of_runs | (listen(work.scene, CANCELLED).people if any(acts for _, _, acts in rows) else NOBODY)


def check_partition(live: People, moves: Sequence[Move]) -> None:
    """Raises AssertionError unless these move everybody once."""
    if join([move.people for move in moves]) != live or sum(len(move.people) for move in moves) != len(live):
        raise AssertionError("A plan must move everybody who stands at the step exactly once.")


def ends_and_walks(moves: Sequence[Move], scene: Scene) -> tuple[list[Note], list[Walk]]:
    """Who has come to an end, and who stands where next."""
    ends: list[Note] = []
    walks: dict[tuple[str, int, datetime | None], People] = {}
    for move in moves:
        if isinstance(move.to, Stop):
            ends.append(Note(move.people, move.to.reason, detail=move.to.detail))
            continue
        further, round_, until = _where(move.to, scene)
        if further is None:
            ends.append(Note(move.people, DONE, until=until))
        else:
            place = further, round_, until
            walks[place] = walks.get(place, NOBODY) | move.people
    return ends, [(people, *place) for place, people in walks.items()]


def _where(to: Next | Into | Sleep | Stay | Again, scene: Scene) -> tuple[str | None, int, datetime | None]:
    """The step that comes, None behind the last one, its round, and until when to sleep before it."""
    match to:
        case Next():
            return scene.body.after(scene.step), 0, None
        case Into(branch):
            return scene.body.into(scene.step, branch), 0, None
        case Sleep(until):
            return scene.body.after(scene.step), 0, until
        case Stay(until):
            return scene.step, scene.round, until
        case Again(until, round_):
            return scene.step, scene.round + 1 if round_ is None else round_, until


def outcomes_of(notes: Sequence[Note], scene: Scene, chunk: Chunk, *, final: bool) -> list[Outcome]:
    """The rows that say so, not written yet."""
    return [
        Outcome(
            chunk=chunk,
            step=scene.step,
            round=scene.round,
            channel=note.channel,
            reason=note.reason,
            detail=note.detail,
            until=note.until,
            final=final,
            mask=note.people.dump(),
            created_at=scene.now,
        )
        for note in notes
        if note.people
    ]


def ways_of(moves: Sequence[Move], scene: Scene, chunk: Chunk) -> list[Outcome]:
    """The rows that say who goes into which branch, not written yet."""
    settings = scene.body.step_at(scene.step) or {}
    return [
        Outcome(
            chunk=chunk,
            step=scene.step,
            round=scene.round,
            reason=WENT,
            detail=move.to.branch,
            mask=move.people.dump(),
            created_at=scene.now,
        )
        for move in moves
        if isinstance(move.to, Into) and settings.get(move.to.branch)
    ]


def _move(held: Held, work: Work, walks: Sequence[Walk]) -> Work | None:
    """The cohort's own row takes those who go on at once, or else the first who sleep; others become new cohorts. What
    the former are to do next."""
    mine = Cohort.objects.across_tenants().filter(pk=held.cohort_id)
    if not walks:
        _close(held.cohort_id)
        return None
    first, *others = sorted(walks, key=lambda walk: (walk[3] is not None, walk[3]))
    people, step, round_, until = first
    now = work.scene.now
    lease = now + timedelta(seconds=conf().lease_seconds)
    mine.update(
        step=step,
        round=round_,
        mask=people.dump(),
        tries=0 if until else 1,
        wake_at=until or lease,
        lease_token=None if until else held.token,
    )
    tenant, chunk = work.scene.tenant_id, work.chunk
    Cohort.objects.bulk_create(
        Cohort(tenant_id=tenant, chunk=chunk, step=at, round=turn, mask=rest.dump(), wake_at=when or now)
        for rest, at, turn, when in others
    )
    return None if until else work.further(people, step=step, round_=round_)


def _close(cohort: int) -> None:
    """Nobody walks on in it. By hand, because nearly every cohort ends so."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {Cohort._meta.db_table} SET open = %s, lease_token = NULL, mask = %s WHERE id = %s",
            [False, b"", cohort],
        )


def _finish_small(work: Work, ended: People) -> None:
    """Finish those runs of a shared chunk that have nobody left in an open cohort of it."""
    over = {run.id for run, people in work.scene.runs if people & ended}
    walking = NOBODY if ended == work.chunk.everyone else _walking(work.chunk)
    finished = {run for run in over if not (walking and work.chunk.people_of(run) & walking)}
    if finished:
        if "escalate" in work.scene.body.step_kinds():
            called = Cohort.objects.across_tenants().filter(chunk__run__in=finished, open=True)
            finished -= set(called.values_list("chunk__run", flat=True))
        processing = Run.objects.across_tenants().filter(pk__in=finished, status=Status.PROCESSING)
        processing.update(status=Status.SENT, finished_at=work.scene.now)


def _walking(chunk: Chunk) -> People:
    """Everybody of a chunk who stands in an open cohort of it."""
    masks = Cohort.objects.across_tenants().filter(chunk=chunk, open=True).values_list("mask", flat=True)
    return join([People.load(mask) for mask in masks])
