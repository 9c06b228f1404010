"""The admin changes choices by the verb that everybody's go through, and never shows another tenant's."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from notifications.kernel.clock import db_now
from notifications.models import Recipient
from preferences import holding
from preferences.holding import Message
from preferences.models import Change, Choice, Hold, TenantChoice, TenantHabits
from preferences.verdict import Hold as Held
from preferences.verdict import Subject

from .moves import NIGHT, NOON, habits

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(alice: Recipient) -> Client:
    """Alice, with every right in the admin of preferences."""
    user = alice.user
    assert isinstance(user, User)
    user.is_staff = True
    user.save()
    user.user_permissions.add(*Permission.objects.filter(content_type__app_label="notifyhub_preferences"))
    client = Client()
    client.force_login(user)
    return client


def page(model: Any, name: str, *args: Any) -> str:
    return reverse(f"admin:notifyhub_preferences_{model._meta.model_name}_{name}", args=args)


def test_a_choice_is_made_changed_and_taken_back_on_record(staff: Client, bob: Recipient) -> None:
    said = {"tenant": bob.tenant_id, "recipient": bob.pk, "kind": "email", "category": "", "workflow": ""}
    staff.post(page(Choice, "add"), said)
    choice = Choice.objects.get(tenant=bob.tenant)
    staff.post(page(Choice, "change", choice.pk), {"wanted": "on"})
    staff.post(page(Choice, "delete", Choice.objects.get(tenant=bob.tenant).pk), {"post": "yes"})

    acts = Change.objects.filter(tenant=bob.tenant).order_by("pk")
    assert [(act.by, act.via, act.said[0]["before"], act.said[0]["after"]) for act in acts] == [
        ("alice@acme", "admin", None, False),
        ("alice@acme", "admin", False, True),
        ("alice@acme", "admin", True, None),
    ]
    assert not Choice.objects.filter(tenant=bob.tenant).exists()


def test_a_default_that_a_lock_contradicts_is_refused(staff: Client, bob: Recipient) -> None:
    TenantChoice.objects.create(tenant=bob.tenant, kind="email", wanted=True, locked=True)

    answer = staff.post(page(TenantChoice, "add"), {"tenant": bob.tenant_id, "kind": "email"})

    assert "says the opposite" in answer.content.decode()
    assert TenantChoice.objects.filter(tenant=bob.tenant).count() == 1


def test_hours_that_cannot_be_are_refused_with_what_to_do(staff: Client, bob: Recipient) -> None:
    said = {"tenant": bob.tenant_id, "quiet_hours": '[{"start": "22:00", "end": "22:00"}]'}

    answer = staff.post(page(TenantHabits, "add"), said)

    assert "For a whole day say 00:00 to 24:00" in answer.content.decode()
    assert not TenantHabits.objects.filter(tenant=bob.tenant).exists()


def test_no_list_shows_another_tenants(staff: Client, mallory: Recipient) -> None:
    globex = mallory.tenant
    Choice.objects.create(tenant=globex, recipient=mallory, category="canary", wanted=False)
    TenantChoice.objects.create(tenant=globex, category="canary", wanted=False)
    TenantHabits.objects.create(tenant=globex, quiet_hours=[NIGHT])
    habits = habits_of(mallory)
    Change.objects.create(tenant=globex, recipient=mallory, at=NOON, by="Canary", via="api")

    for model in (Choice, TenantChoice, TenantHabits, type(habits), Change):
        answer = staff.get(page(model, "changelist"))

        assert answer.status_code == 200
        assert not {"Mallory", "canary", "Canary", "Globex"} & set(answer.content.decode().replace("<", " ").split())


def habits_of(person: Recipient) -> Any:
    return habits(person, quiet_hours=[NIGHT])


def held_until_far(person: Recipient) -> Hold:
    """A message that waits for days."""
    far = db_now() + timedelta(days=3)
    subject = Subject("t.mail", "news", "email")
    message = Message(
        person.tenant_id, subject, uuid4(), "0.0", {"title": "Mail"}, {}, {person.pk: Held(far, "quiet_hours")}
    )
    holding.hold_many([message], now=db_now())
    return Hold.objects.get(tenant=person.tenant, recipient=person)


def is_due(hold: Hold) -> bool:
    hold.refresh_from_db()
    return hold.due_at <= db_now()


def test_a_new_zone_of_the_tenant_has_what_is_held_looked_at_at_once(
    admin_client: Client, bob: Recipient, mallory: Recipient
) -> None:
    ours, theirs = held_until_far(bob), held_until_far(mallory)
    form = {"name": "Acme", "slug": "acme", "locale": "en", "active": "on"}
    at = reverse("admin:notifyhub_notifications_tenant_change", args=[bob.tenant_id])

    refused = admin_client.post(at, {**form, "zone": "Mars/Base"})
    admin_client.post(at, {**form, "zone": "UTC", "name": "Acme Inc."})
    before = is_due(ours)
    admin_client.post(at, {**form, "zone": "Asia/Tokyo"})

    assert "Is not an IANA time zone" in refused.content.decode()
    assert (before, is_due(ours), is_due(theirs)) == (False, True, False)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (TenantChoice, {"kind": "email"}),
        (TenantChoice, {"kind": "email", "locked": "on", "note": "The law"}),
        (TenantHabits, {"quiet_hours": "[]"}),
    ],
)
def test_a_default_a_lock_and_hours_do_so_too_when_they_come_and_when_they_go(
    staff: Client, bob: Recipient, model: Any, said: dict[str, str]
) -> None:
    hold = held_until_far(bob)
    staff.post(page(model, "add"), {"tenant": bob.tenant_id, **said})
    came = is_due(hold)
    Hold.objects.filter(tenant=bob.tenant).update(due_at=hold.until)

    staff.post(page(model, "delete", model.objects.get(tenant=bob.tenant).pk), {"post": "yes"})

    assert (came, is_due(hold)) == (True, True)
