"""What a dry run and an explanation of the future suppose where only time can tell."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from preferences.models import Choice
from tests.cast import Publish, crowd, topic, workflow
from tests.workflows.sending.moves import channel
from workflows.define import (
    StepSettings,
    delay,
    digest,
    escalate,
    level,
    send_email,
    send_inbox,
    send_webhook,
    wait_for,
)
from workflows.explain import explain_future
from workflows.radius import Send
from workflows.trigger import DryRun, Trigger, dry_run

pytestmark = pytest.mark.django_db
AT = datetime(2027, 3, 2, 12, tzinfo=UTC)
ON_CALL = [{"topic": "on-call"}]


def asked(tenant: Tenant, publish: Publish, *steps: StepSettings, **given: Any) -> DryRun:
    publish(workflow("t", *steps))
    recipients = [{"user": name} for name in given.pop("to", ["p0"])]
    return dry_run(Trigger("t", recipients=recipients, at=AT, **given), tenant=tenant)


def told(send: Send) -> tuple[int | None, str, int, int, timedelta]:
    return send.level, send.channel, send.people, send.teams, send.at - AT


FIRE = escalate(
    level(send_inbox(title="Fire"), minutes=5),
    level(send_email(title="Fire"), send_webhook(title="Fire"), to=ON_CALL, minutes=10),
    repeat=1,
)


def test_an_escalation_counts_all_its_levels_and_whom_they_call_in(acme: Tenant, publish: Publish) -> None:
    crowd(acme, 1)
    topic(acme, "on-call", *crowd(acme, 3, prefix="q", email="q@acme.example"))
    channel(acme, kind="webhook", told_of="t", settings={"url": "https://acme.example/hook"})

    found = asked(acme, publish, FIRE, send_inbox(title="Nobody took it"))

    assert [told(one) for one in found.sends] == [
        (1, "inbox", 1, 0, timedelta()),
        (2, "email", 3, 0, timedelta(minutes=5)),
        (2, "webhook", 0, 1, timedelta(minutes=5)),
        (None, "inbox", 1, 0, timedelta(minutes=30)),
    ]
    assert found.messages == 2 * (1 + 3 + 1) + 1


def test_an_important_level_passes_what_people_switched_off(acme: Tenant, publish: Publish) -> None:
    (person,) = crowd(acme, 1)
    Choice.objects.create(tenant=acme, recipient=person, kind="inbox", wanted=False)
    mild, loud = (level(send_inbox(title="Fire"), minutes=5, important=strong) for strong in (False, True))

    found = asked(acme, publish, escalate(mild, loud, on_exhausted="stop"), send_inbox(title="Never"))

    assert [(one.people, dict(one.skipped)) for one in found.sends] == [(0, {"off_by_channel": 1}), (1, {})]


def test_nobody_is_called_in_where_the_condition_is_not_true(acme: Tenant, publish: Publish) -> None:
    crowd(acme, 1)
    topic(acme, "on-call", *crowd(acme, 3, prefix="q", email="q@acme.example"))

    found = asked(acme, publish, {**FIRE, "when": {"==": [{"var": "payload.n"}, 1]}}, payload={"n": 2})

    assert [(one.channel, one.people, dict(one.skipped)) for one in found.sends] == [("inbox", 0, {"condition": 1})]


def test_teams_are_told_once_however_many_hours_people_come_at(acme: Tenant, publish: Publish) -> None:
    people = [*crowd(acme, 1, zone="Asia/Tokyo"), *crowd(acme, 1, prefix="q", zone="Europe/Lisbon")]
    channel(acme, kind="webhook", told_of="t", settings={"url": "https://acme.example/hook"})

    found = asked(acme, publish, delay(at="09:00"), send_webhook(title="x"), to=[one.external_id for one in people])

    assert sum(one.teams for one in found.sends) == 1


def test_a_digest_is_told_when_its_window_would_close(acme: Tenant, publish: Publish) -> None:
    crowd(acme, 1, zone="Asia/Tokyo")

    found = asked(acme, publish, digest(at="09:00"), send_inbox(title="x"))

    assert [(one.at, dict(one.local_hours)) for one in found.sends] == [(datetime(2027, 3, 3, tzinfo=UTC), {9: 1})]


@pytest.mark.parametrize(("ends", "sends"), [("continue", [timedelta(hours=24)]), ("stop", [])])
@pytest.mark.parametrize("what", ["read", "acknowledged"])
def test_who_waits_is_not_heard_from(
    acme: Tenant, publish: Publish, what: str, ends: str, sends: list[timedelta]
) -> None:
    crowd(acme, 1)

    found = asked(acme, publish, wait_for(what, hours=24, on_timeout=ends), send_inbox(title="x"))

    assert [one.at - AT for one in found.sends] == sends


def test_the_future_says_at_which_level_somebody_would_be_told(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t", FIRE, send_inbox(title="Nobody took it")))
    topic(acme, "on-call", bob)
    bob.email = "bob@acme.example"
    bob.save()

    found = explain_future("t", bob, at=db_now())

    assert [(one.code, one.channel) for one in found.sentences if one.code == "would_send"] == [
        ("would_send", "inbox"),
        ("would_send", "email"),
        ("would_send", "inbox"),
    ]
    assert "at level 2, if nobody acknowledges" in found.texts[1]
