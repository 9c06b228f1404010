"""`categories/` over HTTP: a tenant's own words, those of the site, and what people are shown of them."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from notifications.models import Category, NoticeType, Recipient, Scope, Tenant
from tests.cast import api_key, with_key

pytestmark = pytest.mark.django_db
URL = "/api/v1/categories/"


@pytest.fixture
def server(acme: Tenant) -> APIClient:
    return with_key(api_key(acme, Scope.ADMIN))


@pytest.fixture
def news(db: None) -> Category:
    return Category.objects.create(key="news", name="News", description="What is new.")


def post(client: APIClient, **said: Any) -> Any:
    return client.post(URL, said, format="json")


def named(client: APIClient, key: str) -> list[tuple[str, bool]]:
    rows = client.get(URL).json()["results"]
    return [(one["name"], one["shared"]) for one in rows if one["key"] == key]


def shown_to(client: APIClient, key: str) -> list[str]:
    lines = client.get("/api/v1/preferences/matrix/").json()["lines"]
    return [one["name"] for one in lines if one["category"] == key and not one["workflow"]]


def test_one_is_made_worded_anew_and_removed(server: APIClient) -> None:
    made = post(server, key="billing", name="Billing", description="Invoices and payments.")
    changed = server.patch(f"{URL}billing/", {"name": "Money"}, format="json")

    whole = {"key": "billing", "name": "Billing", "description": "Invoices and payments.", "shared": False}
    assert (made.status_code, made.json()) == (201, whole)
    assert changed.json() == {**whole, "name": "Money"}
    assert server.get(f"{URL}billing/").json() == changed.json()
    assert server.delete(f"{URL}billing/").status_code == 204
    assert server.get(f"{URL}billing/").status_code == 404


def test_a_tenant_says_the_same_in_words_of_its_own(
    server: APIClient, news: Category, as_bob: APIClient, as_mallory: APIClient
) -> None:
    assert named(server, "news") == [("News", True)]

    post(server, key="news", name="Neuigkeiten")

    assert named(server, "news") == [("Neuigkeiten", False)]
    assert named(as_mallory, "news") == [("News", True)]
    assert shown_to(as_bob, "news") == ["Neuigkeiten"]
    assert shown_to(as_mallory, "news") == ["News"]
    server.delete(f"{URL}news/")
    assert shown_to(as_bob, "news") == ["News"]


def test_what_is_for_all_is_not_changed_by_one(server: APIClient, news: Category) -> None:
    answers = [server.patch(f"{URL}news/", {"name": "Ours"}, format="json"), server.delete(f"{URL}news/")]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(409, "shared")] * 2
    news.refresh_from_db()
    assert news.name == "News"


def test_what_a_workflow_is_in_stays(server: APIClient, acme: Tenant) -> None:
    post(server, key="billing", name="Billing")
    category = Category.objects.get(key="billing")
    NoticeType.objects.create(tenant=acme, key="invoice.sent", name="Invoice sent", category=category)

    refused = server.delete(f"{URL}billing/")

    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert "invoice.sent" in refused.json()["detail"]
    assert named(server, "billing") == [("Billing", False)]


def test_without_the_words_of_the_tenant_its_workflows_are_in_that_of_the_site(
    server: APIClient, acme: Tenant, news: Category
) -> None:
    post(server, key="news", name="Ours")
    own = Category.objects.get(tenant=acme)
    notice = NoticeType.objects.create(tenant=acme, key="issue.out", name="Issue", category=own)

    assert server.delete(f"{URL}news/").status_code == 204

    notice.refresh_from_db()
    assert notice.category == news


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"key": "a b", "name": "A"}, "key"),
        ({"key": "../x", "name": "A"}, "key"),
        ({"key": "", "name": "A"}, "key"),
        ({"key": "a"}, "name"),
        ({"key": "a", "name": " "}, "name"),
        ({"key": "a", "name": "A", "colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_is_told_by_field(server: APIClient, said: dict[str, str], field: str) -> None:
    answer = post(server, **said)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert not Category.objects.filter(tenant__isnull=False).exists()


def test_a_key_is_taken_once_a_tenant(server: APIClient, as_mallory: APIClient) -> None:
    assert [post(one, key="a", name="A").status_code for one in (server, as_mallory, server)] == [201, 201, 409]


def test_admins_may_and_members_may_not(as_alice: APIClient, as_bob: APIClient, alice: Recipient) -> None:
    assert post(as_alice, key="a", name="A").status_code == 201
    assert post(as_bob, key="b", name="B").status_code == 403
