"""The admin of silences: a form to begin one, buttons to end, change and look ahead; nothing is edited or deleted."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from workflows import silences
from workflows.hush import Hush
from workflows.matching import Matcher, WhileActive
from workflows.models import Silence
from workflows.silences import State

from .test_admin import page, text, told

pytestmark = pytest.mark.django_db
ENDS = {"ends_at_0": "2099-01-01", "ends_at_1": "09:00"}


def staff(person: Recipient, *verbs: str) -> Client:
    user = person.user
    assert isinstance(user, User)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    names = [f"{verb}_silence" for verb in verbs or ("view", "add", "change")]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(user)
    return client


def form(tenant: Tenant, **given: Any) -> dict[str, Any]:
    return {"tenant": tenant.pk, "name": "Works", "reason": "New switches", "workflows": "device.*, backup", **given}


@pytest.fixture
def alices(alice: Recipient) -> Client:
    return staff(alice)


@pytest.fixture
def works(acme: Tenant) -> Silence:
    going = WhileActive(["device.down"], equal=["payload.device"], seconds=600)
    hush = Hush("Works", Matcher(workflows=["device.*"]), reason="New switches", while_active=going)
    return silences.create(acme, hush, now=db_now(), by="ada")


def only(tenant: Tenant) -> Silence:
    return Silence.objects.select_related("tenant").get(tenant=tenant)


def test_one_is_begun_with_the_form(alices: Client, acme: Tenant) -> None:
    when, week = {"==": [{"var": "payload.device"}, "r1"]}, {"sat": [["22:00", "06:00"]]}
    given = {"when": json.dumps(when), "week": json.dumps(week), "zone": "Europe/Berlin", "channels": ["email"], **ENDS}

    answer = alices.post(page("silence", "add"), form(acme, **given))

    row = only(acme)
    assert answer.status_code == 302
    assert row.matcher == {"workflows": ["device.*", "backup"], "channels": ["email"], "when": when}
    assert (row.calendar, row.while_active, row.created_by) == (
        {"week": week, "zone": "Europe/Berlin"},
        None,
        "alice@acme",
    )


def test_a_mistake_is_told_at_its_field(alices: Client, acme: Tenant) -> None:
    answer = alices.post(
        page("silence", "add"), form(acme, active_workflows="device.down", equal="device", minutes="10")
    )

    errors = answer.context["adminform"].form.errors
    assert list(errors) == ["equal"]
    assert Silence.objects.filter(tenant=acme).count() == 0


def test_one_is_ended_and_cannot_be_edited_or_deleted(alices: Client, acme: Tenant, works: Silence) -> None:
    shown = text(alices, page("silence", "change", works.pk))
    assert "device.down" in shown
    assert 'name="_save"' not in shown

    alices.post(page("silence", "expire", works.pk))

    assert silences.state_of(only(acme), now=db_now()) == State.ENDED
    assert "over" in told(alices.post(page("silence", "expire", works.pk)))
    assert alices.post(page("silence", "delete", works.pk)).status_code == 403


def test_the_list_is_narrowed_by_kind_and_by_whether_they_are_over(alices: Client, works: Silence) -> None:
    shown = [text(alices, page("silence", "changelist") + query) for query in ("?kind=inhibition", "?over=no")]
    others = [text(alices, page("silence", "changelist") + query) for query in ("?kind=silence", "?over=yes")]

    assert all(">Works<" in one for one in shown)
    assert not any(">Works<" in one for one in others)


def test_a_change_is_another_with_the_form_filled_in(alices: Client, acme: Tenant, works: Silence) -> None:
    shown = alices.get(page("silence", "add"), {"replaces": works.pk}).context["adminform"].form
    initial = {name: shown[name].value() for name in ("name", "workflows", "active_workflows", "equal", "minutes")}
    assert initial["minutes"] == 10

    given = form(
        acme, replaces=works.pk, workflows="device.slow", active_workflows="device.down", equal="payload.device"
    )
    alices.post(page("silence", "add"), given)

    new = Silence.objects.get(tenant=acme, replaces=works)
    works.refresh_from_db()
    assert (new.matcher, works.expired_by) == ({"workflows": ["device.slow"]}, "alice@acme")


def test_what_it_would_hit_is_shown_before_it_is_begun(alices: Client, acme: Tenant) -> None:
    answer = alices.post(page("silence", "preview_new"), form(acme, **ENDS))
    wrong = alices.post(page("silence", "preview_new"), form(acme, workflows=""))

    assert "It would have been about 0 runs" in answer.content.decode()
    assert set(wrong.context["adminform"].form.errors) >= {"workflows", "ends_at"}
    assert Silence.objects.filter(tenant=acme).count() == 0


def test_who_may_only_look_begins_and_ends_nothing(alice: Recipient, acme: Tenant, works: Silence) -> None:
    client = staff(alice, "view")

    assert "Works" in text(client, page("silence", "changelist"))
    assert client.post(page("silence", "expire", works.pk)).status_code == 403
    assert client.post(page("silence", "preview_new"), form(acme, **ENDS)).status_code == 403
    assert client.post(page("silence", "add"), form(acme, **ENDS)).status_code == 403
    assert silences.state_of(only(acme), now=db_now()) == State.ACTIVE


def test_another_tenants_are_not_there(mallory: Recipient, acme: Tenant, works: Silence) -> None:
    client = staff(mallory)

    assert "New switches" not in text(client, page("silence", "changelist"))
    for view in ("expire", "preview"):
        assert client.post(page("silence", view, works.pk)).status_code == 404
    assert client.post(page("silence", "add"), form(mallory.tenant, replaces=works.pk, **ENDS)).status_code == 404
    assert client.post(page("silence", "add"), form(acme, **ENDS)).status_code == 200
    assert silences.state_of(only(acme), now=db_now()) == State.ACTIVE
