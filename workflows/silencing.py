"""Who is not sent something now, because a silence or an inhibition says so: asked for the whole set at each send."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .condition import holds, paths_of
from .context import Context, context_for, reads
from .definition import Body
from .inhibiting import Asked, held_back
from .models import Workflow
from .people import NOBODY, People
from .silences import InForce, in_force
from .step import Note, Scene, join

SILENCED, INHIBITED = "silenced", "inhibited"
"""The reasons on record; `detail` is the name of the silence or inhibition."""


def silenced(people: People, scene: Scene, *, channel: str) -> list[Note]:
    """Whom of these a send on this channel leaves out, each under the first that fits: the silences in the order in
    which they were begun, then the inhibitions. The house is left out like a person, for its teams.

    No query for a tenant that has none. Else one; one more if any names tags, one for profiles if any condition reads
    people, and one or two for whatever keeps inhibitions going.
    """
    meant = _meant(scene, channel) if scene.may_be_silenced and people else []
    if not meant:
        return []
    context = context_for(scene, people, {path for one in meant for path in paths_of(one.hush.matcher.when)})
    rest, notes, asked = people, list[Note](), list[Asked]()
    for one in meant:
        fits = _of_whom(one.hush.matcher.when, context, rest)
        if one.hush.while_active is not None:
            asked.append(Asked(one.hush.while_active, one.hush.name, fits))
        elif fits:
            notes.append(Note(fits, SILENCED, channel, one.hush.name))
            rest -= fits
    for rule, back in held_back([one for one in asked if one.people], scene):
        if hit := back & rest:
            notes.append(Note(hit, INHIBITED, channel, rule.name))
            rest -= hit
    return notes


def noted(notes: Sequence[Note]) -> People:
    """Everybody whom they are about."""
    return join([note.people for note in notes]) if notes else NOBODY


def _meant(scene: Scene, channel: str) -> list[InForce]:
    """Those of the tenant that are about this workflow and channel."""
    found = in_force(scene.tenant_id, now=scene.now, zone=scene.tenant.get("zone", ""))
    tags = tags_of(scene.body, scene.tenant_id) if any(one.hush.matcher.tags for one in found) else ()
    return [one for one in found if one.hush.matcher.fits(scene.body, channel=channel, tags=tags)]


def tags_of(body: Body, tenant: int) -> Sequence[str]:
    """Those of the tenant's own workflow of this key, as they are now; a static one has none."""
    rows = Workflow.objects.filter(tenant=tenant, key=body.key).values_list("tags", flat=True)
    return next(iter(rows), ())


def whom(condition: Any, people: People, scene: Scene) -> People:
    """Of whom of these the condition of a matcher is true."""
    return _of_whom(condition, context_for(scene, people, paths_of(condition)), people)


def _of_whom(condition: Any, context: Context, people: People) -> People:
    paths = paths_of(condition)
    if reads(paths, "recipient"):
        people -= context.scene.house  # which is no person, whatever is said of one
    if condition is True or not people:
        return people
    groups = [
        group
        for run, of_run in context.scene.runs
        for values, group in context.groups(run, of_run & people, paths=paths)
        if holds(condition, values)
    ]
    return join(groups) if groups else NOBODY
