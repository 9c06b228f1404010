"""A silence on teams: once a run, and only those who would have heard of it."""

from datetime import timedelta

import pytest

from notifications.kernel.clock import db_now
from notifications.models import Tenant
from tests.cast import Publish, workflow
from workflows import silences
from workflows.hush import Hush
from workflows.matching import Matcher
from workflows.runs import progress

from .moves import PLAIN, channel, reachable, start, to_people, to_teams, walked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scripted")]


def silenced(tenant: Tenant, matcher: Matcher) -> None:
    now = db_now()
    silences.create(tenant, Hush("Works", matcher, reason="x", ends_at=now + timedelta(hours=1)), now=now)


def test_a_team_that_listens_is_silenced_and_one_that_does_not_has_missed_nothing(
    acme: Tenant, publish: Publish
) -> None:
    publish(workflow("t", PLAIN))
    (person,) = reachable(acme, 1)
    silenced(acme, Matcher(channels=["scripted"]))

    before = walked(start(acme, person))
    channel(acme, "team@acme.example")
    run = walked(start(acme, person))

    assert (to_people(run), to_teams(run)) == ({}, [])
    assert (progress(before).teams, progress(run).teams) == ({}, {("scripted", "silenced"): 1})


def test_a_silence_of_some_people_is_none_of_their_team(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", PLAIN))
    channel(acme, "team@acme.example")
    one, other = reachable(acme, 2)
    silenced(acme, Matcher(when={"!=": [{"var": "recipient.external_id"}, other.external_id]}))

    run = walked(start(acme, one, other))

    assert (set(to_people(run)), to_teams(run)) == ({other.pk}, ["team@acme.example"])
