"""The demo data: believable, complete, and safe to fill in twice."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from channels_delivery.models import Channel
from notifications import inbox
from notifications.kernel.clock import db_now
from notifications.models import Notification, Recipient, Role, Tenant
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


def test_the_past_is_spread_over_days_in_its_order(filled: demo.Demo) -> None:
    northwind = Tenant.objects.get(slug="northwind")

    told = list(Notification.objects.filter(tenant=northwind).order_by("pk").values_list("created_at", flat=True))

    assert told == sorted(told)
    assert len({at.date() for at in told}) >= 4
    assert told[-1] - Tenant.objects.get(slug="northwind").created_at < timedelta(minutes=1)


def test_each_company_has_a_webhook_that_leads_back_here(db: None) -> None:
    demo.fill(origin="http://127.0.0.1:8001")
    before = channels()
    demo.fill(origin="http://127.0.0.1:8002")

    urls = {str(one.settings["url"]) for one in channels()}
    assert urls == {f"http://127.0.0.1:8002/catcher/{slug}/" for slug in ("northwind", "globex")}
    assert [one.secrets for one in channels()] == [one.secrets for one in before]
    assert "session.escalated" in before[0].workflows


def test_a_webhook_that_was_told_to_go_away_is_back_after_a_start(db: None) -> None:
    demo.fill(origin="http://127.0.0.1:8001")
    Channel.objects.across_tenants().update(paused_at=db_now(), paused_because="gone")

    demo.fill(origin="http://127.0.0.1:8001")

    assert {one.paused_at for one in channels()} == {None}


def test_a_site_without_a_catcher_has_no_webhook(filled: demo.Demo) -> None:
    assert channels() == []


def channels() -> list[Channel]:
    return list(Channel.objects.across_tenants().filter(kind="webhook").order_by("pk"))


def test_the_past_uses_workflows_that_exist_with_payloads_that_fit(filled: demo.Demo, client: Client) -> None:
    runs = client.get("/api/v1/runs/", headers={"Authorization": f"Api-Key {filled.api_key}"}).json()["results"]

    assert len(runs) == len(demo.PAST)
    patient = {"session.high_priority"}  # whoever has not read it after ten minutes gets a mail
    assert {run["workflow"] for run in runs if run["status"] != "sent"} == patient
    assert {run["status"] for run in runs} == {"sent", "processing"}
