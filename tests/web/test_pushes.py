"""The devices of the demo: a push service that checks who sends, devices that open what came, a page that shows it."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from channels_delivery.models import Endpoint
from channels_delivery.push import payload
from channels_delivery.push.sealing import Keys, seal
from channels_delivery.push.vapid import Identity, fresh_pair, identity_of
from notifications.models import Recipient, Tenant
from notifyhub import demo, pushes
from notifyhub.demo_devices import Device
from notifyhub.pages.pushes import by_delivery
from notifyhub.pushes import PUSHED, Manner
from tests.channels_delivery.push_service import SITE

from .pages import visitor, words

pytestmark = pytest.mark.django_db
ORIGIN = "http://testserver"
OURS = Identity(SITE["VAPID_PRIVATE_KEY"], subject=SITE["VAPID_SUBJECT"]).authorization(ORIGIN)
OTHERS = Identity(fresh_pair().private, subject=SITE["VAPID_SUBJECT"]).authorization(ORIGIN)
ALICE = Device("acme", "alice-phone")


@pytest.fixture(autouse=True)
def site(settings: Any) -> Iterator[None]:
    given = {**SITE, "ALLOW_ORIGINS": ["http://127.0.0.1:8001"], "SITE_URL": "http://127.0.0.1:8001"}
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": given}
    yield
    PUSHED.drop(lambda _: True)
    for tenant, name in list(pushes._gone):
        pushes.back(name, tenant_id=tenant)


def push(
    device: Device = ALICE, told: Any = None, *, keys: Any = None, body: bytes | None = None, **fields: str
) -> Any:
    token = identity_of(SITE["VAPID_PRIVATE_KEY"], SITE["VAPID_SUBJECT"]).authorization(ORIGIN)
    headers = {"authorization": token, "content-encoding": "aes128gcm", "ttl": "60", "urgency": "high"} | fields
    sealed = seal(payload.fit(told or {"title": "Cell <7> has stopped"}), keys=Keys(**(keys or device.keys)))
    return Client().post(
        device.path,
        body or sealed,
        content_type="application/octet-stream",
        headers={k: v for k, v in headers.items() if v},
    )


def test_what_is_sent_properly_lights_up(alice: Recipient) -> None:
    answer = push(
        told={"title": "Cell <7>", "body": "Look", "actions": [{"label": "Take it", "url": "/"}], "stays": True}
    )

    page = words(visitor(alice).get("/pushes/acme/"))
    assert (answer.status_code, answer["Location"].startswith(ALICE.path)) == (201, True)
    for said in ("Cell <7>", "Look", "Take it", "urgent", "stays until touched", "kept for 1 minute", alice.name):
        assert said in page


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"authorization": ""}, 401),
        ({"authorization": "vapid t=a.b.c, k=d"}, 403),
        ({"authorization": f"{OURS.partition(',k=')[0]},k={OTHERS.partition(',k=')[2]}"}, 403),
        ({"authorization": f"{OTHERS.partition(',k=')[0]},k={OURS.partition(',k=')[2]}"}, 403),
        ({"authorization": identity_of(fresh_pair().private, "mailto:a@b.example").authorization(ORIGIN)}, 403),
        (
            {
                "authorization": identity_of(SITE["VAPID_PRIVATE_KEY"], SITE["VAPID_SUBJECT"]).authorization(
                    "https://else.example"
                )
            },
            403,
        ),
        ({"content-encoding": "aesgcm"}, 415),
        ({"ttl": ""}, 400),
        ({"ttl": "soon"}, 400),
        ({"urgency": "very"}, 400),
        ({"topic": "x" * 33}, 400),
        ({"body": b"x" * 4097}, 413),
        ({"device": Device("acme", "nobody-phone")}, 404),
    ],
)
def test_anything_else_is_refused(alice: Recipient, given: dict[str, Any], status: int) -> None:
    assert push(**given).status_code == status
    assert not any(one.is_shown for one in PUSHED.newest_first())


def test_what_was_sealed_for_another_is_taken_and_not_shown(alice: Recipient) -> None:
    assert push(told={"title": "Secret"}, keys=Device("acme", "bob-phone").keys).status_code == 201

    page = words(visitor(alice).get("/pushes/acme/"))
    assert "Secret" not in page
    assert "sealed for another key" in page


def test_of_one_tag_the_latest_is_shown(alice: Recipient) -> None:
    ids = ["0" * 31 + str(n) for n in range(3)]
    for n, one in enumerate(ids):
        push(told={"title": f"Robot {n}", "tag": "robot", "id": one})

    page = words(visitor(alice).get("/pushes/acme/"))
    assert "Robot 2" in page
    assert "Robot 1" not in page
    assert "in place of 2 earlier ones" in page


def test_a_run_leads_to_what_the_device_shows_in_its_place(alice: Recipient, acme: Tenant) -> None:
    first, second = UUID(int=1), UUID(int=2)
    for one in (first, second):
        push(told={"title": "Robot", "tag": "robot", "id": one.hex})

    shown = by_delivery(acme)

    assert {one: found.delivery for one, found in shown.items()} == {first: second, second: second}
    assert f'id="push-{shown[first].id}"' in visitor(alice).get("/pushes/acme/").content.decode()


def test_a_stranger_sees_nothing_and_changes_nothing(alice: Recipient, mallory: Recipient) -> None:
    push()

    for method, path in [("get", ""), ("get", "state/"), ("post", "clear/"), ("post", "answer/"), ("post", "again/")]:
        said = {"device": ALICE.name, "manner": "gone"} if method == "post" else {}
        assert getattr(visitor(mallory), method)(f"/pushes/acme/{path}", said).status_code == 404
    assert "Cell" not in words(visitor(mallory).get("/pushes/globex/"))
    assert push().status_code == 201


def test_a_member_is_told_why_it_is_not_open(bob: Recipient) -> None:
    assert visitor(bob).get("/pushes/acme/").status_code == 403


@pytest.mark.parametrize(("manner", "statuses"), [("later", [429, 201]), ("error", [500, 201]), ("gone", [410, 410])])
def test_it_answers_as_it_was_told(alice: Recipient, manner: str, statuses: list[int]) -> None:
    visitor(alice).post("/pushes/acme/answer/", {"device": ALICE.name, "manner": manner})

    answers = [push(), push()]

    assert [one.status_code for one in answers] == statuses
    assert (answers[0].get("Retry-After") == "5") is (manner == "later")


def test_one_that_was_gone_is_added_again(alice: Recipient, acme: Tenant) -> None:
    pushes.answer_with(Manner.GONE, ALICE.name, tenant_id=acme.pk)
    push()

    assert "Gone: nothing more is sent there." in words(visitor(alice).get("/pushes/acme/"))
    visitor(alice).post("/pushes/acme/again/", {"device": ALICE.name})

    assert [one.address for one in Endpoint.objects.filter(tenant=acme)] == [f"http://127.0.0.1:8001{ALICE.path}"]
    assert push().status_code == 201


def test_the_devices_of_the_demo_follow_its_port(settings: Any) -> None:
    demo.fill(origin="http://127.0.0.1:8001")
    before = set(Endpoint.objects.across_tenants().values_list("pk", "label"))
    given = settings.NOTIFYHUB["CHANNELS_DELIVERY"] | {"ALLOW_ORIGINS": ["http://127.0.0.1:8002"]}
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": given}
    demo.fill(origin="http://127.0.0.1:8002")

    rows = list(Endpoint.objects.across_tenants())
    assert {(one.pk, one.label) for one in rows} == before
    assert len(rows) == 18
    assert all(one.address.startswith("http://127.0.0.1:8002/pushes/") for one in rows)
    assert all(one.secrets == Device(*one.address.split("/")[4:7:2]).keys for one in rows)


def test_a_site_that_may_not_send_there_has_no_devices(db: None) -> None:
    demo.fill(origin="http://127.0.0.1:9")

    assert not Endpoint.objects.across_tenants().exists()
