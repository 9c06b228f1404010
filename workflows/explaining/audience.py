"""Whether somebody was among the recipients of a run, and how or why not."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q

from notifications import topics
from notifications.models import Recipient, Role, Subscription, Topic
from notifications.targets import following_among

from ..audience import Audience
from ..models import Chunk, Run, Status
from .sentence import Sentence, Speaker


@dataclass(frozen=True)
class Place:
    """Where somebody stands among the recipients."""

    chunk: Chunk
    number: int


def place_of(run: Run, recipient: Recipient) -> Place | None:
    """Their place, in one query; None for somebody outside. First among the run's own people, then among who was called
    in."""
    mine = Chunk.objects.filter(Q(run=run) | Q(pk=run.chunk_id), tenant=run.tenant_id)
    for chunk in mine.filter(first_id__lte=recipient.pk, last_id__gte=recipient.pk).order_by("pk"):
        number = bisect_left(chunk.people, recipient.pk)
        while number < len(chunk.people) and chunk.people[number] == recipient.pk:
            if chunk.runs is None or chunk.runs[number] == run.pk:
                return Place(chunk, number)
            number += 1
    return None


def why_inside(run: Run, recipient: Recipient, speaker: Speaker) -> Iterator[Sentence]:
    """How they came to be a recipient; each way that holds now."""
    found = list(_ways_in(run, recipient, speaker))
    yield from found or [speaker.say("recipient")]


def why_outside(run: Run, recipient: Recipient, speaker: Speaker) -> Iterator[Sentence]:
    """That they were none, and everything that kept them out. At most two queries."""
    yield speaker.say("outside")
    if recipient.tenant_id != run.tenant_id:
        yield speaker.say("foreign")
        return
    if run.audience.get("without") == recipient.pk:
        yield speaker.say("actor_left_out")
        return
    if not recipient.active and not recipient.ad_hoc:
        yield speaker.say("not_active")
    if any(True for _ in _ways_in(run, recipient, speaker)):
        yield _not_yet(run, recipient, speaker)
    else:
        yield from _ways_not_in(run, recipient, speaker)


def _not_yet(run: Run, recipient: Recipient, speaker: Speaker) -> Sentence:
    """They belong to them, and are not there."""
    if run.cancelled_at is not None and run.cursor < recipient.pk:
        return speaker.say("cancelled_before")
    if run.status == Status.FAILED:
        return speaker.say("failed_before", detail=run.error)
    if run.expand_at is not None and run.start_at > run.created_at and run.status == Status.PENDING:
        return speaker.say("starts_later", at=run.start_at)
    return speaker.say("not_found_yet" if run.expand_at is not None else "fits_since")


def _ways_in(run: Run, recipient: Recipient, speaker: Speaker) -> Iterator[Sentence]:
    audience = Audience.from_json(run.audience)
    if audience.everyone and not recipient.ad_hoc:
        yield speaker.say("everyone")
    if recipient.pk in audience.people:
        yield speaker.say("named")
    if recipient.role in audience.roles:
        yield speaker.say("by_role", role=Role(recipient.role).label)
    yield from _by_topics(audience, recipient, speaker)
    if audience.followers and following_among({(recipient.pk, audience.followers)}):
        yield speaker.say("by_following", target=audience.followers)
    if recipient.email and any(one.email.lower() == recipient.email.lower() for one in audience.addresses):
        yield speaker.say("by_address")


def _by_topics(audience: Audience, recipient: Recipient, speaker: Speaker) -> Iterator[Sentence]:
    inside = topics.below(audience.topics)
    everything = {topic for some in inside.values() for topic in some}
    followed = Subscription.objects.filter(topic__in=everything, recipient=recipient)
    for one in followed.select_related("topic").order_by("topic__key") if everything else ():
        code = "by_topic" if one.topic_id in inside else "by_topic_inside"
        yield speaker.say(code, topic=one.topic)


def _ways_not_in(run: Run, recipient: Recipient, speaker: Speaker) -> Iterator[Sentence]:
    audience = Audience.from_json(run.audience)
    if audience.people:
        yield speaker.say("not_named")
    if audience.roles:
        roles = [str(Role(role).label) for role in audience.roles]
        yield speaker.say("not_of_role", role=" / ".join(roles))
    for topic in Topic.objects.filter(tenant=run.tenant_id, pk__in=audience.topics).order_by("key")[:20]:
        yield speaker.say("not_in_topic", topic=topic)
    if audience.followers:
        yield speaker.say("not_following", target=audience.followers)
    if audience.addresses:
        yield speaker.say("not_that_address")
