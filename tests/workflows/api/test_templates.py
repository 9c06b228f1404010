"""`templates/` over HTTP: words of a tenant's own, and the layouts and snippets they share."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from notifications.models import Scope, Tenant
from tests.cast import Publish, api_key, with_key, workflow
from workflows.define import send_email, send_inbox

pytestmark = pytest.mark.django_db
URL = "/api/v1/templates/"
GERMAN = {"workflow": "t.order", "channel": "inbox", "locale": "de", "texts": {"title": "Danke {{ payload.name }}"}}


@pytest.fixture
def server(acme: Tenant, publish: Publish) -> APIClient:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}
    steps = send_inbox(title="Thank you"), send_email(title="Thank you")
    publish(workflow("t.order", *steps, payload=schema, sample={"name": "Ada"}))
    return with_key(api_key(acme, Scope.ADMIN))


def shown(server: APIClient, **given: Any) -> dict[str, Any]:
    """By channel, what these texts would say."""
    answer = server.post(f"{URL}preview/", {"workflow": "t.order", **given}, format="json")
    return {one["channel"]: one for one in answer.json()["results"]}


def test_a_template_is_created_listed_changed_and_removed(server: APIClient) -> None:
    made = server.post(URL, {**GERMAN, "locale": "de_AT"}, format="json").json()
    one = f"{URL}{made['id']}/"

    changed = server.patch(one, {"texts": {"title": "Servus"}}, format="json").json()
    listed = server.get(URL, {"workflow": "t.order", "locale": "de-at"}).json()["results"]

    assert (made["locale"], made["texts"]) == ("de-at", GERMAN["texts"])
    assert changed["texts"] == {"title": "Servus"}
    assert listed == [server.get(one).json()] == [changed]
    assert server.get(URL, {"channel": "email"}).json()["results"] == []
    assert server.delete(one).status_code == 204
    assert server.get(one).status_code == 404


def test_versions_are_listed_and_gone_back_to(server: APIClient) -> None:
    one = f"{URL}{server.post(URL, GERMAN, format='json').json()['id']}/"
    server.patch(one, {"texts": {"title": "Servus"}}, format="json")

    back = server.post(f"{one}rollback/", {"version": 1}, format="json").json()
    versions = server.get(f"{one}versions/").json()["results"]

    assert back["texts"] == GERMAN["texts"]
    assert [(one["number"], one["texts"]["title"]) for one in versions] == [
        (3, "Danke {{ payload.name }}"),
        (2, "Servus"),
        (1, "Danke {{ payload.name }}"),
    ]
    assert {one["saved_by"] for one in versions} == {"API key test"}
    assert server.post(f"{one}rollback/", {"version": 9}, format="json").status_code == 404


def test_what_is_in_force_shows_in_the_preview_of_the_workflow(server: APIClient) -> None:
    server.post(URL, GERMAN, format="json")

    said = server.post("/api/v1/workflows/t.order/preview/", {"in_force": True, "locale": "de"}, format="json").json()

    assert [one["content"]["title"] for one in said["results"]] == ["Danke Ada", "Thank you"]


@pytest.mark.parametrize("field", ["colour", "id", "tenant"])
def test_an_unknown_field_is_refused(server: APIClient, field: str) -> None:
    answer = server.post(URL, {**GERMAN, field: "x"}, format="json")

    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_a_mistake_is_refused_with_field_line_and_column(server: APIClient) -> None:
    answer = server.post(URL, {**GERMAN, "texts": {"title": "ok", "body": "a\n{{ x | nope }}"}}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.json()["errors"]["texts.body"].startswith("line 2")


def test_validating_says_errors_and_warnings_and_keeps_nothing(server: APIClient) -> None:
    typo = server.post(f"{URL}validate/", {**GERMAN, "texts": {"title": "{{ payload.nmae }}"}}, format="json").json()
    wrong = server.post(f"{URL}validate/", {**GERMAN, "workflow": "t.none"}, format="json").json()

    assert (typo["valid"], [one["where"] for one in typo["warnings"]]) == (True, ["texts.title"])
    assert (wrong["valid"], [one["where"] for one in wrong["errors"]]) == (False, ["workflow"])
    assert server.get(URL).json()["results"] == []


def test_a_preview_shows_every_channel_that_takes_the_texts(server: APIClient) -> None:
    plain = shown(server, texts={"title": "Hi {{ payload.name }}", "body": "B"})
    mail = shown(server, texts={"title": "Hi", "markdown": "**{{ payload.name }}**"}, payload={"name": "Eve"})

    assert {"inbox", "email", "webhook"} <= set(plain)
    assert {one["content"]["title"] for one in plain.values()} == {"Hi Ada"}
    assert set(mail) == {"email"}
    assert "<strong>Eve</strong>" in mail["email"]["parts"]["html"]
    assert "Eve" in mail["email"]["parts"]["text"]


def test_a_preview_of_nothing_that_can_be_shown_is_refused(server: APIClient) -> None:
    def code(**given: Any) -> tuple[int, str]:
        answer = server.post(f"{URL}preview/", {"workflow": "t.order", "texts": {"title": "x"}, **given}, format="json")
        return answer.status_code, answer.json().get("code", "")

    assert code(workflow="t.none")[0] == 404
    assert code(texts={"title": "{{"}) == (400, "invalid")
    assert code(layout="none") == (400, "invalid")
    assert code(payload={"name": 5}) == (400, "invalid_payload")
    assert code(recipient="nobody") == (400, "invalid")


def test_layouts_and_snippets_are_written_used_and_kept_while_in_use(server: APIClient) -> None:
    fragments = f"{URL}fragments/"
    for kind, name, source in (
        ("snippet", "sign", "Yours, Acme"),
        ("layout", "brand", "<h2>Acme</h2><!-- content -->"),
    ):
        made = server.post(fragments, {"kind": kind, "name": name, "source": source}, format="json")
        assert made.status_code == 200, made.json()
    given = {"html": "<p>{% snippet 'sign' %}</p>"}
    html = shown(server, texts=given, layout="brand")["email"]["parts"]["html"]
    kept = server.post(
        URL, {"workflow": "t.order", "channel": "email", "texts": given, "layout": "brand"}, format="json"
    )
    ids = {one["name"]: one["id"] for one in server.get(fragments).json()["results"]}

    assert "<h2>Acme</h2><p>Yours, Acme</p>" in html
    assert server.delete(f"{fragments}{ids['sign']}/").json()["code"] == "in_use"
    assert server.delete(f"{URL}{kept.json()['id']}/").status_code == 204
    assert {server.delete(f"{fragments}{one}/").status_code for one in ids.values()} == {204}


def test_a_layout_is_for_mail(server: APIClient) -> None:
    server.post(f"{URL}fragments/", {"kind": "layout", "name": "brand", "source": "x"}, format="json")

    answer = server.post(URL, {**GERMAN, "layout": "brand"}, format="json")

    assert list(answer.json()["errors"]) == ["layout"]
