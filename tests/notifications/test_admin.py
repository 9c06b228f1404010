"""Django's admin for staff who run a tenant and are no superusers: their own rows, and nothing of others."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from notifications.kernel.clock import db_now
from notifications.models import ApiKey, Category, NoticeType, Notification, Recipient, Scope, Tenant, Topic
from preferences.models import Choice
from tests.cast import api_key, crowd, drop
from workflows.models import Run
from workflows.trigger import trigger

pytestmark = pytest.mark.django_db
LISTS: list[Any] = [Notification, Recipient, Topic, ApiKey, Choice, Run, NoticeType]


def staff(person: Recipient, *verbs: str) -> Client:
    """Alice in the admin, with these permissions for all our models."""
    user = person.user
    assert isinstance(user, User)
    user.is_staff = True
    user.save()
    for model in (*LISTS, Category, Tenant):
        names = [f"{verb}_{model._meta.model_name}" for verb in verbs]
        user.user_permissions.add(
            *Permission.objects.filter(content_type__app_label=model._meta.app_label, codename__in=names)
        )
    client = Client()
    client.force_login(user)
    return client


def changelist(model: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.fixture
def others(globex: Tenant) -> Tenant:
    """Something of everything at Globex, under a telling name."""
    Tenant.objects.create(slug="third", name="Third")
    (person,) = crowd(globex, 1, prefix="canary")
    category = Category.objects.create(tenant=globex, key="canary", name="Canary things")
    NoticeType.objects.create(tenant=globex, key="canary.note", name="Canary note", category=category)
    Topic.objects.create(tenant=globex, key="canary")
    Choice.objects.create(tenant=globex, recipient=person, kind="email", wanted=False)
    drop(person, "Canary sings")
    return globex


@pytest.mark.parametrize("model", LISTS)
def test_no_list_names_another_tenant_or_what_is_theirs(alice: Recipient, others: Tenant, model: Any) -> None:
    mine = Category.objects.create(tenant=alice.tenant, key="mine", name="Own things")
    Category.objects.create(key="shared", name="Shared things")
    NoticeType.objects.create(tenant=alice.tenant, key="own.note", name="Own", category=mine)
    answer = staff(alice, "view", "change").get(changelist(model))

    page = answer.content.decode()
    assert answer.status_code == 200
    for word in ("Globex", "Third", "anary"):
        assert word not in page
    if model is NoticeType:
        assert "Own things" in page
        assert "Shared things" in page


def test_a_superuser_filters_by_every_tenant(others: Tenant, admin_client: Client, alice: Recipient) -> None:
    page = admin_client.get(changelist(Recipient)).content.decode()

    assert "Globex" in page
    assert "Acme" in page


def test_a_tenant_does_not_say_which_django_user_somebody_is(
    alice: Recipient, bob: Recipient, mallory: Recipient
) -> None:
    client = staff(alice, "view", "change", "add")
    url = reverse("admin:notifyhub_notifications_recipient_change", args=[bob.pk])
    form = {"tenant": alice.tenant_id, "external_id": "bob", "name": "Robert", "role": "member", "active": "on"}
    form |= {"attributes": "{}", "user": mallory.user_id}

    page = client.get(url).content.decode()
    client.post(url, form)
    client.post(reverse("admin:notifyhub_notifications_recipient_add"), {**form, "external_id": "new"})

    bob.refresh_from_db()
    assert 'name="user"' not in page
    assert (bob.name, bob.user_id != mallory.user_id) == ("Robert", True)
    assert Recipient.objects.get(tenant=alice.tenant, external_id="new").user is None


def test_a_superuser_says_it(admin_client: Client, bob: Recipient) -> None:
    page = admin_client.get(reverse("admin:notifyhub_notifications_recipient_change", args=[bob.pk]))

    assert 'name="user"' in page.content.decode()


@pytest.mark.parametrize(("verbs", "revoked"), [(["view"], False), (["view", "change"], True)])
def test_revoking_a_key_takes_the_permission_to_change(alice: Recipient, verbs: list[str], revoked: bool) -> None:
    api_key(alice.tenant, Scope.READ)
    key = ApiKey.objects.get(tenant=alice.tenant)

    staff(alice, *verbs).post(changelist(ApiKey), {"action": "revoke", "_selected_action": [key.pk]})

    key.refresh_from_db()
    assert (key.revoked_at is not None) is revoked


@pytest.mark.parametrize(("verbs", "cancelled"), [(["view"], False), (["view", "change"], True)])
def test_cancelling_a_run_takes_the_permission_to_change(
    alice: Recipient, mallory: Recipient, hello: None, verbs: list[str], cancelled: bool
) -> None:
    for tenant in (alice.tenant, mallory.tenant):
        trigger("hello", tenant=tenant, at=db_now().replace(year=db_now().year + 1))
    runs = list(Run.objects.across_tenants().order_by("tenant__slug"))

    staff(alice, *verbs).post(changelist(Run), {"action": "cancel_runs", "_selected_action": [run.pk for run in runs]})

    found = Run.objects.across_tenants().order_by("tenant__slug").values_list("cancelled_at", flat=True)
    assert [moment is not None for moment in found] == [cancelled, False]
