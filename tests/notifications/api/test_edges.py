"""Who is calling, and how errors look."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from notifications.models import ApiKey, Recipient, Role, Scope, Tenant
from tests.cast import api_key, drop, member, signed_in, with_key

pytestmark = pytest.mark.django_db
INBOX, RUNS, TRIGGER = "/api/v1/inbox/", "/api/v1/runs/", "/api/v1/trigger/"


def test_a_key_is_shown_once_and_only_its_hash_is_kept(acme: Tenant) -> None:
    plain = api_key(acme, Scope.READ)

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {ApiKey._meta.db_table}")
        row = " ".join(str(value) for value in cursor.fetchone())
    assert plain.split("_")[-1] not in row
    assert plain not in row
    assert with_key(plain).get(RUNS).status_code == 200


def test_a_use_is_noted(acme: Tenant) -> None:
    with_key(api_key(acme, Scope.READ)).get(RUNS)

    assert ApiKey.objects.get(tenant=acme).last_used_at is not None


UNUSABLE: dict[str, dict[str, Any]] = {
    "expired": {"expires_at": timezone.now() - timedelta(seconds=1)},
    "revoked": {"revoked_at": timezone.now()},
}


@pytest.mark.parametrize("state", UNUSABLE)
def test_a_key_that_has_ended_opens_nothing_from_the_next_request_on(acme: Tenant, state: str) -> None:
    client = with_key(api_key(acme, Scope.ADMIN))
    assert client.get(RUNS).status_code == 200

    ApiKey.objects.filter(tenant=acme).update(**UNUSABLE[state])

    assert client.get(RUNS).status_code == 401


def test_a_suspended_tenant_is_shut_out(acme: Tenant, alice: Recipient) -> None:
    clients = [with_key(api_key(acme, Scope.ADMIN)), signed_in(alice)]
    Tenant.objects.filter(pk=acme.pk).update(active=False)

    assert [client.get(RUNS).status_code for client in clients] == [401, 403]


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key[:-1] + ("A" if key[-1] != "A" else "B"),
        lambda key: key[:12] + "0" + key[13:] if key[12] != "0" else key[:12] + "1" + key[13:],
        lambda key: key.upper(),
        lambda key: key + "x",
        lambda key: key.removeprefix("nh_live_"),
        lambda _: "nh_live__",
        lambda _: "nh_live_x_y",
        lambda _: "",
        lambda _: "nh_live_" + "ü" * 12 + "_x",
    ],
)
def test_a_key_that_is_nearly_right_is_401(acme: Tenant, change: Any) -> None:
    answer = with_key(change(api_key(acme, Scope.ADMIN))).get(RUNS)

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Api-Key")


@pytest.mark.parametrize("scopes", [[], ["everything"], ["read", "root"], "read"])
def test_a_key_with_unknown_scopes_is_not_issued(acme: Tenant, scopes: Any) -> None:
    with pytest.raises(ValidationError):
        ApiKey.issue(tenant=acme, name="x", scopes=scopes)


def test_key_and_session_are_never_mixed(acme: Tenant, alice: Recipient, mallory: Recipient) -> None:
    """A key that is sent is what counts; a broken one does not fall back to the session."""
    drop(alice, "hers")
    both = signed_in(alice)

    both.credentials(HTTP_AUTHORIZATION="Api-Key nh_live_broken_key")
    assert both.get(INBOX).status_code == 401

    both.credentials(HTTP_AUTHORIZATION=f"Api-Key {api_key(mallory.tenant, Scope.ADMIN)}")
    assert both.get(INBOX).status_code == 403
    assert both.get("/api/v1/recipients/alice/").status_code == 404


def test_a_key_needs_no_csrf_token(acme: Tenant, hello: None) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {api_key(acme, Scope.TRIGGER)}")

    assert client.post(TRIGGER, {"workflow": "hello"}).status_code == 202


def test_a_session_with_its_csrf_token_gets_through(alice: Recipient, hello: None) -> None:
    client = signed_in(alice, enforce_csrf_checks=True)
    token = "a" * 32
    client.cookies["csrftoken"] = token

    assert client.post(TRIGGER, {"workflow": "hello"}, HTTP_X_CSRFTOKEN=token).status_code == 202


def test_a_person_who_left_is_shut_out(alice: Recipient) -> None:
    client = signed_in(alice)
    Recipient.objects.filter(tenant=alice.tenant).update(active=False)

    assert client.get(INBOX).status_code == 403


def test_an_operator_may_name_a_tenant_and_nobody_else_may(acme: Tenant, bob: Recipient) -> None:
    get_user_model().objects.create_superuser("root", password="x")
    operator = APIClient()
    operator.login(username="root", password="x")

    assert operator.get("/api/v1/recipients/", HTTP_X_TENANT="acme").json()["results"][0]["external_id"] == "bob"
    assert operator.get("/api/v1/recipients/", HTTP_X_TENANT="nowhere").status_code == 403
    assert operator.get("/api/v1/recipients/").status_code == 403


def test_a_user_in_two_tenants_sees_the_one_they_chose(globex: Tenant, alice: Recipient) -> None:
    there = Recipient.objects.create(tenant=globex, user=alice.user, external_id="a", role=Role.OWNER)
    drop(alice, "at Acme")
    drop(there, "at Globex")
    client = signed_in(alice)

    first = client.get(INBOX).json()["results"]
    session = client.session
    session["notifyhub_tenant"] = "globex"
    session.save()
    second = client.get(INBOX).json()["results"]

    assert ([one["title"] for one in first], [one["title"] for one in second]) == (["at Acme"], ["at Globex"])


def resolver(request: Any) -> tuple[Tenant, str] | None:
    """A host site's own word on who is who."""
    slug = request.headers.get("X-Test-Tenant")
    return (Tenant.objects.get(slug=slug), request.headers.get("X-Test-Role", "member")) if slug else None


def test_a_host_site_may_say_which_tenant_and_role_a_user_has(acme: Tenant, alice: Recipient, settings: Any) -> None:
    settings.NOTIFYHUB = {"TENANT_RESOLVER": f"{__name__}.resolver"}
    client = signed_in(alice)

    assert client.get(RUNS).status_code == 403
    assert client.get(RUNS, HTTP_X_TEST_TENANT="acme", HTTP_X_TEST_ROLE="member").status_code == 403
    assert client.get(RUNS, HTTP_X_TEST_TENANT="acme", HTTP_X_TEST_ROLE="owner").status_code == 200


PROBLEMS: list[tuple[str, str, int]] = [
    ("get", "/api/v1/runs/", 401),
    ("get", "/api/v1/runs/none/", 404),
    ("put", "/api/v1/runs/", 405),
    ("post", "/api/v1/trigger/", 400),
    ("get", "/api/v1/inbox/", 403),
]


@pytest.mark.parametrize(("method", "url", "status"), PROBLEMS)
def test_every_error_is_a_problem_of_one_shape(acme: Tenant, method: str, url: str, status: int) -> None:
    client = APIClient() if status == 401 else with_key(api_key(acme, Scope.ADMIN))

    answer = getattr(client, method)(url)

    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "code", "detail"} <= set(problem)
    assert all(problem[name] for name in ("type", "title", "code", "detail"))


def test_what_a_person_is_told_does_not_say_more_than_they_may_know(acme: Tenant, as_mallory: APIClient) -> None:
    member(acme, "carol")

    there = as_mallory.get("/api/v1/recipients/carol/").json()
    nowhere = as_mallory.get("/api/v1/recipients/nobody/").json()

    assert there == nowhere
