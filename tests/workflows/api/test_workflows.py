"""`workflows/` over HTTP: drafts, versions, previews; static ones to look at."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from notifications.models import Recipient, Scope, Tenant
from tests.cast import Publish, api_key, statements, with_key, workflow
from workflows.define import send, send_inbox

pytestmark = pytest.mark.django_db
URL = "/api/v1/workflows/"
STEP = {"kind": "send", "channel": "inbox", "template": {"title": "Hello {{ payload.name }}"}}
OWN = {"key": "t.own", "name": "Own", "tags": ["demo"], "steps": [STEP], "sample": {"name": "Ada"}}


@pytest.fixture
def server(acme: Tenant) -> APIClient:
    return with_key(api_key(acme, Scope.ADMIN))


@pytest.fixture
def own(server: APIClient) -> None:
    assert server.post(URL, OWN, format="json").status_code == 201


def keys(server: APIClient, **query: Any) -> list[str]:
    found: list[str] = []
    answer = server.get(URL, query).json()
    while True:
        found += [one["key"] for one in answer["results"]]
        if answer["next"] is None:
            return found
        answer = server.get(answer["next"]).json()


def test_a_draft_is_created_changed_published_and_triggered(server: APIClient, own: None, bob: Recipient) -> None:
    changed = server.patch(f"{URL}t.own/", {"description": "Mine"}, format="json").json()
    version = server.post(f"{URL}t.own/publish/", {"note": "The first"}, format="json").json()
    triggered = server.post("/api/v1/trigger/", {"workflow": "t.own", "recipients": [{"user": "bob"}]}, format="json")

    assert (changed["status"], changed["description"], changed["tags"]) == ("draft", "Mine", ["demo"])
    assert (version["number"], version["published_by"], version["note"]) == (1, "API key test", "The first")
    assert triggered.status_code == 202
    assert server.get(f"{URL}t.own/").json()["in_force"] == version["definition"]


def test_what_keeps_it_from_being_published_is_said_by_field(server: APIClient, own: None) -> None:
    server.patch(f"{URL}t.own/", {"steps": [STEP, {"kind": "teleport"}], "tab": "attic"}, format="json")

    answer = server.post(f"{URL}t.own/publish/")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert set(answer.json()["errors"]) == {"steps[1]", "tab"}


def test_validating_says_errors_and_warnings_and_keeps_nothing(server: APIClient, own: None) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "additionalProperties": False}
    typo = {**STEP, "template": {"title": "Hello {{ payload.nmae }}"}}

    said = server.post(f"{URL}t.own/validate/", {"payload_schema": schema, "steps": [typo]}, format="json").json()
    bad = server.post(f"{URL}t.own/validate/", {"steps": []}, format="json").json()

    assert (said["valid"], said["errors"]) == (True, [])
    assert said["warnings"] == [
        {
            "where": "steps[0].template.title",
            "message": "Nothing is at `payload.nmae`: it will be empty. Did you mean `payload.name`?",
        }
    ]
    assert (bad["valid"], [one["where"] for one in bad["errors"]]) == (False, ["steps"])
    assert server.get(f"{URL}t.own/").json()["payload_schema"] == {}


@pytest.mark.parametrize("field", ["colour", "status", "published", "tenant"])
def test_an_unknown_field_is_refused(server: APIClient, own: None, field: str) -> None:
    for answer in (
        server.post(URL, {**OWN, "key": "t.other", field: 1}, format="json"),
        server.patch(f"{URL}t.own/", {field: 1}, format="json"),
    ):
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_a_key_is_not_changed(server: APIClient, own: None) -> None:
    assert server.patch(f"{URL}t.own/", {"key": "t.other"}, format="json").status_code == 400
    assert server.post(URL, OWN, format="json").json()["code"] == "taken"


@pytest.mark.parametrize("key", ["a/b", "..", "", "x" * 101, "ä"])
def test_a_key_that_could_not_stand_in_an_address_is_refused(server: APIClient, key: str) -> None:
    answer = server.post(URL, {**OWN, "key": key}, format="json")

    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["key"])


def test_static_ones_are_listed_and_only_looked_at(server: APIClient, publish: Publish) -> None:
    publish(workflow("t.static", send_inbox(title="For all")))

    seen = server.get(f"{URL}t.static/").json()
    answers = [
        server.patch(f"{URL}t.static/", {"name": "x"}, format="json"),
        server.delete(f"{URL}t.static/"),
        *(server.post(f"{URL}t.static/{verb}/", {}, format="json") for verb in ("publish", "archive")),
    ]

    assert (seen["origin"], seen["status"]) == ("static", "published")
    assert seen["steps"][0]["template"]["title"] == "For all"
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(409, "static")}
    assert "t.static" in keys(server, origin="static")
    assert server.post(f"{URL}t.static/preview/").json()["results"][0]["content"]["title"] == "For all"


def test_an_own_one_of_a_static_key_is_shown_beside_it(server: APIClient, publish: Publish) -> None:
    publish(workflow("t.static", send_inbox(title="For all")))
    server.post(URL, {**OWN, "key": "t.static"}, format="json")
    server.post(f"{URL}t.static/publish/")

    both = [one for one in server.get(URL, {"limit": 200}).json()["results"] if one["key"] == "t.static"]

    assert [(one["origin"], one["overridden"]) for one in both] == [("dynamic", False), ("static", True)]


def test_the_list_is_paged_by_key_in_a_fixed_number_of_queries(server: APIClient, publish: Publish) -> None:
    publish(workflow("t.static", send_inbox(title="For all")))
    counts = []
    for n in range(7):
        server.post(URL, {**OWN, "key": f"t.{n}"}, format="json")
        server.post(f"{URL}t.{n}/publish/")
        with statements() as found:
            assert server.get(URL, {"limit": 200}).status_code == 200
        counts.append(len(found))

    whole = keys(server, limit=200)
    assert keys(server, limit=2) == whole == sorted(whole)
    assert {f"t.{n}" for n in range(7)} < set(whole)
    assert keys(server, origin="dynamic", limit=3) == [f"t.{n}" for n in range(7)]
    assert keys(server, status="draft") == []
    assert len(set(counts[1:])) == 1


def test_versions_are_listed_compared_and_gone_back_to(server: APIClient, own: None) -> None:
    server.post(f"{URL}t.own/publish/", {"note": "one"}, format="json")
    delay = {"kind": "delay", "seconds": 60}
    server.patch(f"{URL}t.own/", {"name": "Renamed", "steps": [delay, STEP]}, format="json")
    server.post(f"{URL}t.own/publish/")

    between = server.get(f"{URL}t.own/versions/diff/", {"from": 1, "to": 2}).json()["changes"]
    back = server.post(f"{URL}t.own/rollback/", {"version": 1}, format="json").json()
    versions = server.get(f"{URL}t.own/versions/").json()["results"]

    assert between == [
        {"where": "name", "verb": "changed", "before": "Own", "after": "Renamed"},
        {"where": "steps[0]", "verb": "added", "before": None, "after": delay},
    ]
    assert (back["number"], back["definition"]) == (3, versions[2]["definition"])
    assert [one["number"] for one in versions] == [3, 2, 1]
    assert server.get(f"{URL}t.own/").json()["name"] == "Own"
    assert server.get(f"{URL}t.own/versions/diff/", {"from": 3}).json() == {"changes": []}


@pytest.mark.parametrize(
    ("query", "status"),
    [({}, 400), ({"from": "x"}, 400), ({"from": 9}, 404), ({"from": 1, "to": 9}, 404), ({"from": "9" * 30}, 400)],
)
def test_a_comparison_of_nothing_is_refused(server: APIClient, own: None, query: Any, status: int) -> None:
    server.post(f"{URL}t.own/publish/")

    assert server.get(f"{URL}t.own/versions/diff/", query).status_code == status


def test_it_is_removed_once_it_is_archived(server: APIClient, own: None) -> None:
    server.post(f"{URL}t.own/publish/")
    refused = server.delete(f"{URL}t.own/")

    archived = server.post(f"{URL}t.own/archive/").json()
    gone = server.delete(f"{URL}t.own/")

    assert (refused.status_code, refused.json()["code"]) == (409, "in_force")
    assert (archived["status"], archived["in_force"], gone.status_code) == ("archived", "", 204)
    assert server.get(f"{URL}t.own/").status_code == 404


def test_a_preview_shows_every_channel_as_it_is_made(server: APIClient) -> None:
    steps = [dict(send(kind, title="Hi {{ payload.name }}", body="Yours, {{ tenant.name }}")) for kind in KINDS]
    steps[0] = {**steps[0], "locales": {"de": {"title": "Hallo {{ payload.name }}"}}}
    server.post(URL, {**OWN, "steps": steps}, format="json")

    shown = server.post(f"{URL}t.own/preview/", {"locale": "de-AT"}, format="json").json()["results"]

    assert [one["channel"] for one in shown] == KINDS
    assert [one["content"]["title"] for one in shown] == ["Hallo Ada", "Hi Ada", "Hi Ada"]
    assert shown[0]["locale"] == "de"
    assert "Yours, Acme" in shown[1]["parts"]["html"]
    assert "Hi Ada" in shown[1]["parts"]["text"]
    assert "Hi Ada" in str(shown[2]["parts"])


KINDS = ["inbox", "email", "webhook"]


def test_a_preview_takes_a_payload_that_fits_and_a_person_of_the_tenant(
    server: APIClient, bob: Recipient, mallory: Recipient
) -> None:
    step = {**STEP, "template": {"title": "{{ recipient.name }} {{ payload.name }}"}}
    server.post(URL, {**OWN, "steps": [step], "payload_schema": {"required": ["name"]}}, format="json")

    def answer(**given: Any) -> Any:
        return server.post(f"{URL}t.own/preview/", given, format="json").json()

    assert answer(recipient="bob", payload={"name": "Eve"})["results"][0]["content"]["title"] == "Bob Eve"
    assert answer(recipient="mallory")["errors"] == {"recipient": "Is not a person of this tenant."}
    assert answer(payload={})["code"] == "invalid_payload"
    assert answer(in_force=True)["status"] == 404


def test_a_preview_of_words_that_fail_says_why(server: APIClient) -> None:
    endless = {
        **STEP,
        "template": {"title": "{% for a in (1..2000) %}{% for b in (1..2000) %}.{% endfor %}{% endfor %}"},
    }
    server.post(URL, {**OWN, "steps": [endless]}, format="json")

    (shown,) = server.post(f"{URL}t.own/preview/").json()["results"]

    assert "steps" in shown["problem"] or "ms" in shown["problem"]
    assert shown["content"]["title"] == "Own"
