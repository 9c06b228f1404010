"""`topics/` and `targets/` over HTTP: what lies in what, who follows under which condition, who stands how to what."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from notifications.models import Attention, Recipient, Scope, Tenant
from notifications.topics import below
from tests.cast import api_key, topic, with_key

pytestmark = pytest.mark.django_db
DOC = {"type": "document", "id": "17"}


@pytest.fixture
def server(acme: Tenant) -> APIClient:
    return with_key(api_key(acme, Scope.ADMIN))


def keys(answer: Any) -> list[str]:
    return [one["key"] for one in answer.json()["results"]]


def test_topics_are_put_into_a_topic_and_taken_out(acme: Tenant, server: APIClient) -> None:
    top, url = topic(acme, "top"), "/api/v1/topics/top/topics/"
    topic(acme, "a")
    topic(acme, "b")

    assert server.post(url, {"topics": ["a", "b"]}, format="json").json() == {"count": 2}
    assert keys(server.get(url)) == ["a", "b"]
    assert server.delete(url, {"topics": ["a"]}, format="json").json() == {"count": 1}
    assert len(below([top.pk])[top.pk]) == 2


def test_a_circle_and_an_unknown_topic_are_problems(acme: Tenant, server: APIClient) -> None:
    topic(acme, "top")

    circle = server.post("/api/v1/topics/top/topics/", {"topics": ["top"]}, format="json")
    unknown = server.post("/api/v1/topics/top/topics/", {"topics": ["nothing"]}, format="json")

    assert (circle.status_code, unknown.status_code) == (400, 400)
    assert "circle" in circle.json()["detail"]
    assert unknown.json()["errors"] == {"nothing": "is not a topic of this tenant"}


def test_subscribers_have_conditions(acme: Tenant, bob: Recipient, server: APIClient) -> None:
    topic(acme, "x")
    url, condition = "/api/v1/topics/x/subscribers/", {"==": [{"var": "payload.kind"}, "b"]}

    made = server.post(url, {"recipients": ["bob"], "condition": condition}, format="json")
    wrong = server.post(url, {"recipients": ["bob"], "condition": {"=": 1}}, format="json")

    assert (made.json(), wrong.status_code, list(wrong.json()["errors"])) == ({"count": 1}, 400, ["condition"])
    assert [one["condition"] for one in server.get(url).json()["results"]] == [condition]


def test_a_person_follows_mutes_and_forgets(as_bob: APIClient, bob: Recipient) -> None:
    followed = as_bob.post("/api/v1/targets/follow/", DOC, format="json")
    muted = as_bob.post("/api/v1/targets/mute/", DOC, format="json")
    listed = as_bob.get("/api/v1/targets/").json()["results"]
    forgotten = as_bob.post("/api/v1/targets/forget/", DOC, format="json")

    assert [one.json()["stance"] for one in (followed, muted, forgotten)] == ["follow", "mute", None]
    assert listed == [{**DOC, "stance": "mute"}]
    assert not Attention.objects.filter(tenant=bob.tenant).exists()


def test_a_server_does_it_for_a_person(server: APIClient, bob: Recipient) -> None:
    url = "/api/v1/recipients/bob/targets/"

    assert server.post(f"{url}follow/", DOC, format="json").status_code == 200
    assert server.get(url).json()["results"] == [{**DOC, "stance": "follow"}]
    assert server.post("/api/v1/recipients/nobody/targets/follow/", DOC, format="json").status_code == 404


@pytest.mark.parametrize("target", [{"type": "Document", "id": "17"}, {"type": "document"}, {**DOC, "name": "Plan"}])
def test_what_is_no_object_is_refused(as_bob: APIClient, target: dict[str, str]) -> None:
    assert as_bob.post("/api/v1/targets/mute/", target, format="json").status_code == 400
