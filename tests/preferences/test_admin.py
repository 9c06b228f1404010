"""The admin changes choices by the verb that everybody's go through, and never shows another tenant's."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from notifications.models import Recipient
from preferences.models import Change, Choice, TenantChoice, TenantHabits

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
