"""The demo data: believable, complete, and safe to fill in twice."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from notifications import inbox
from notifications.models import Recipient, Role, Tenant
from notifyhub import demo


@pytest.fixture
def filled(db: None) -> demo.Demo:
    return demo.fill()


def test_two_unrelated_companies_with_people_of_every_role(filled: demo.Demo) -> None:
    northwind, globex = (Tenant.objects.get(slug=slug) for slug in ("northwind", "globex"))
    people = Recipient.objects.filter(tenant=northwind)

    assert {role: people.filter(role=role).count() for role in Role} == {"owner": 1, "admin": 2, "member": 8}
    assert Recipient.objects.filter(tenant=globex).count() == 3


def test_everybody_who_is_named_can_sign_in(filled: demo.Demo) -> None:
    for _who, username in filled.sign_ins:
        assert Client().login(username=username, password=filled.password)


def test_filling_twice_adds_nothing(filled: demo.Demo) -> None:
    before = Recipient.objects.across_tenants().count(), get_user_model().objects.count()

    demo.fill()

    assert (Recipient.objects.across_tenants().count(), get_user_model().objects.count()) == before


def test_the_inboxes_are_not_empty(filled: demo.Demo) -> None:
    owner = Recipient.objects.filter(tenant=Tenant.objects.get(slug="northwind")).get(role=Role.OWNER)

    assert inbox.unread_count(owner).count > 0


def test_the_printed_key_opens_the_api(filled: demo.Demo, client: Client) -> None:
    answer = client.get("/api/v1/runs/", headers={"Authorization": f"Api-Key {filled.api_key}"})

    assert answer.status_code == 200


def test_the_past_uses_workflows_that_exist_with_payloads_that_fit(filled: demo.Demo, client: Client) -> None:
    runs = client.get("/api/v1/runs/", headers={"Authorization": f"Api-Key {filled.api_key}"}).json()["results"]

    assert len(runs) == len(demo.PAST)
    assert {run["status"] for run in runs} == {"sent"}
