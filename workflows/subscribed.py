"""Whose subscription says "not this time": the conditions of subscriptions, asked for whole sets of people and runs.

A condition narrows its own subscription and nothing else: who is matched in another way too, by name, role, or a topic
without a condition, is told. Who is left out stays in the chunk of their run, at an end with this reason.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from notifications import routing, topics
from notifications.kernel import rowset
from notifications.kinds import INBOX
from notifications.models import Subscription
from notifications.targets import following_among

from .audience import Audience
from .condition import Values, holds, paths_of, problems_of_condition
from .context import reads
from .payload import InvalidPayload, check_bounds

SUBSCRIPTION_CONDITION = "subscription_condition"
"""The reason on record of who is left out."""

ROOTS: Mapping[str, Sequence[str] | None] = {
    "payload": None,
    "recipient": routing.PROFILE,
    "tenant": ("name", "slug", "zone"),
    "actor": ("name",),
    "workflow": ("key", "name"),
}
"""What it may read."""

LONGEST = 16 * 1024


@dataclass(frozen=True)
class Asked:
    """A run, to whom it goes, and some of those people."""

    run: int
    audience: Audience
    people: Collection[int]


ValuesOf = Callable[[Collection[int]], Mapping[int, Values]]
"""What a condition may read of runs, without the recipient. Called once, and only where there are conditions."""


def left_out(asked: Sequence[Asked], *, tenant_id: int, values_of: ValuesOf) -> dict[int, set[int]]:
    """Who of the people of each run is matched by nothing but subscriptions whose conditions are not true.

    Two queries for any number of runs and people, and up to four more where there are conditions.
    """
    asked = [one for one in asked if one.audience.topics and one.people]
    inside = topics.below({topic for one in asked for topic in one.audience.topics})
    everything = sorted({topic for some in inside.values() for topic in some})
    people = {person for one in asked for person in one.people}
    conditions = _conditions(everything, people) if everything else {}
    if not conditions:
        return {}
    known = _Known.of(conditions, asked, everything, inside)
    runs = values_of([one.run for one in asked])
    profiles = routing.reach_many(INBOX, sorted(conditions), tenant_id=tenant_id, profiles=True).profiles
    return {one.run: set(known.unmet(one, runs[one.run], profiles)) for one in asked}


def problems(condition: Any) -> Iterator[str]:
    """What is wrong with the condition of a subscription, in sentences."""
    try:
        check_bounds({"condition": condition})
    except InvalidPayload as error:
        yield str(error)
        return
    if len(json.dumps(condition)) > LONGEST:
        yield _("It is longer than %(limit)s characters.") % {"limit": LONGEST}
        return
    yield from problems_of_condition(condition, roots=ROOTS)


@dataclass(frozen=True)
class _Known:
    """What holds of those who have conditions: their subscriptions with one, by (person, topic), and those without."""

    conditions: Mapping[int, Mapping[int, Any]]
    plain: Mapping[int, Collection[int]]
    following: Collection[tuple[int, str]]
    inside: Mapping[int, Sequence[int]]
    answers: dict[tuple[int, int], bool] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        conditions: Mapping[int, Mapping[int, Any]],
        asked: Sequence[Asked],
        everything: Sequence[int],
        inside: Mapping[int, Sequence[int]],
    ) -> _Known:
        followed = {
            (person, one.audience.followers)
            for one in asked
            if one.audience.followers
            for person in set(one.people) & set(conditions)
        }
        return cls(conditions, _plain(everything, sorted(conditions)), following_among(followed), inside)

    def unmet(self, one: Asked, run: Values, profiles: Mapping[int, Mapping[str, Any]]) -> Iterator[int]:
        audience, named = one.audience, set(one.audience.people)
        mine = {topic for root in audience.topics for topic in self.inside[root]}
        for person in set(one.people) & set(self.conditions):
            profile = profiles.get(person, {})
            otherwise = (
                audience.everyone
                or person in named
                or profile.get("role") in audience.roles
                or (person, audience.followers) in self.following
                or not mine.isdisjoint(self.plain.get(person, ()))
            )
            theirs = [condition for topic, condition in self.conditions[person].items() if topic in mine]
            if theirs and not otherwise and not any(self._holds(one.run, each, run, profile) for each in theirs):
                yield person

    def _holds(self, number: int, condition: Any, run: Values, profile: Mapping[str, Any]) -> bool:
        """Asked once a run where it does not depend on the person."""
        if reads(paths_of(condition), "recipient"):
            mine = {name: value for name, value in profile.items() if name != "id"}
            return holds(condition, {**run, "recipient": mine})
        key = number, id(condition)
        if key not in self.answers:
            self.answers[key] = holds(condition, run)
        return self.answers[key]


def _conditions(of_topics: Sequence[int], people: Collection[int]) -> dict[int, dict[int, Any]]:
    """Conditions by person and topic, along the index of those that are there. Equal ones are one object."""
    chosen, values = rowset.any_of(connection, "topic_id", of_topics)
    found = defaultdict[int, dict[int, Any]](dict)
    read: dict[str, Any] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT recipient_id, topic_id, condition FROM {Subscription._meta.db_table}"
            f" WHERE condition IS NOT NULL AND {chosen} AND recipient_id BETWEEN %s AND %s",
            [*values, min(people), max(people)],
        )
        for person, topic, text in cursor.fetchall():
            if person in people:
                found[person][topic] = read.setdefault(text, json.loads(text))
    return dict(found)


def _plain(of_topics: Sequence[int], people: Sequence[int]) -> dict[int, set[int]]:
    """The topics that these people follow without a condition."""
    some, topic_values = rowset.any_of(connection, "topic_id", of_topics)
    them, people_values = rowset.any_of(connection, "recipient_id", people)
    found = defaultdict[int, set[int]](set)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT recipient_id, topic_id FROM {Subscription._meta.db_table}"
            f" WHERE condition IS NULL AND {some} AND {them}",
            [*topic_values, *people_values],
        )
        for person, topic in cursor.fetchall():
            found[person].add(topic)
    return found
