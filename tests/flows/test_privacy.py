"""One person, seeded everywhere, is exported and erased: no table and no Redis knows a word of them, and nothing is
sent to them afterwards."""

import json
import os
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Model

from channels_delivery import suppression
from channels_delivery.models import Attempt, Delivery, Endpoint, Message, Receipt
from notifications import directory, privacy
from notifications.kernel.clock import db_now
from notifications.models import InboxItem, Recipient, Scope, Tenant
from notifications.targets import follow
from preferences import changing, holding
from preferences.changing import By
from preferences.models import Hold, Via
from preferences.verdict import Hold as Held
from preferences.verdict import Subject
from tests.cast import Publish, api_key, crowd, statements, topic, wake_everybody, with_key, workflow
from workflows import catalogue, engine, releasing
from workflows.define import delay, digest, send_email, send_inbox
from workflows.models import Chunk, ChunkResult, Run, Window
from workflows.trigger import trigger

pytestmark = pytest.mark.django_db
NAMES = ("zq-77-canary", "Quirina Zeldovich", "quirina@canary.example", "+49 170 7700770")
APPS = ("notifications", "preferences", "channels_delivery", "workflows")


@pytest.fixture
def canary(acme: Tenant) -> Recipient:
    external_id, name, email, phone = NAMES
    said = {"name": name, "email": email, "phone": phone, "attributes": {"nick": name}}
    return directory.put_people(acme, {external_id: said})[0]


@pytest.fixture
def seeded(acme: Tenant, canary: Recipient, publish: Publish) -> Recipient:
    """In every table that can know of them, with somebody beside them where there may be others."""
    publish(
        workflow("t.news", send_inbox(title="For {{ payload.who }}"), send_email(title="Mail for {{ payload.who }}"))
    )
    publish(
        workflow("t.later", delay(hours=1), send_inbox(title="Later"), send_email(title="Later, {{ payload.who }}"))
    )
    publish(workflow("t.often", digest(hours=1), send_email(title="{{ digest.count }} for {{ recipient.name }}")))
    publish(workflow("t.none", send_inbox(title="Nothing")))
    catalogue.publish_static()
    (ben,) = crowd(acme, 1, prefix="ben", email="ben@example.com")
    once_a_mere_address(canary)
    who = {"who": canary.name, "mail": canary.email, "id": canary.external_id}
    everybody: list[Any] = [canary, ben]
    for key in ("t.news", "t.later", "t.often"):
        trigger(key, tenant=acme, recipients=[canary], payload=who, actor=ben)
        trigger(key, tenant=acme, recipients=everybody, payload={**who, "nested": [{"deep": f"by {canary.name}."}]})
    engine.drain()
    host = By("host", Via.HOST)
    choices = [{"workflow": "t.none", "wanted": False}]
    changing.change(canary, {"choices": choices, "digest_at": "09:00"}, by=host, now=db_now())
    changing.change(ben, {"digest_at": "10:00"}, by=By(str(canary), Via.API, "192.0.2.7"), now=db_now())
    topic(acme, "room", canary, ben)
    follow([canary], {"type": "document", "id": "7"})
    held_for(canary, ben)
    held_for(canary)
    for one in Delivery.objects.filter(tenant=acme, recipient=canary):
        Attempt.objects.create(
            delivery=one, no=1, started_at=db_now(), result="temporary", detail=f"450 <{canary.email}>"
        )
        Receipt.objects.create(
            tenant=acme, delivery=one, event="bounced", detail=f"<{canary.email}>", digest=str(one.pk), at=db_now()
        )
    Endpoint.objects.create(
        tenant=acme,
        recipient=canary,
        kind="push",
        label=f"Phone of {canary.name}",
        address=f"https://push.example/{canary.external_id}",
        digest="d",
        created_at=db_now(),
    )
    for chunk in Chunk.objects.filter(tenant=acme):
        values = {str(place): {"mail": canary.email} for place, one in enumerate(chunk.people) if one == canary.pk}
        ChunkResult.objects.create(chunk=chunk, step="9", values={**values, "99": "stays"}, created_at=db_now())
    reason = f"550 {canary.name} <{canary.email}> is unknown"
    suppression.suppress("email", [canary.email], tenant_id=acme.pk, reason=reason, now=db_now())
    return canary


def once_a_mere_address(person: Recipient) -> None:
    """Somebody whose address was not known to be theirs when it was named."""
    mine = Recipient.objects.filter(tenant=person.tenant, pk=person.pk)
    mine.update(email="")
    named = {"email": person.email.upper(), "name": person.name}
    trigger("t.later", tenant=person.tenant, recipients=[named], payload={"who": person.name})
    engine.drain()
    mine.update(email=person.email)


def held_for(*people: Recipient) -> None:
    to = {one.pk: Held(db_now() + timedelta(days=1), "snoozed") for one in people}
    said = {"title": f"Held for {people[0].name}"}
    subject = Subject("t.news", "", "email")
    message = holding.Message(people[0].tenant_id, subject, uuid4(), "0.0", said, {"parts": {}}, to)
    holding.hold_many([message], now=db_now())


def tables() -> list[type[Model]]:
    return [model for app in APPS for model in apps.get_app_config(f"notifyhub_{app}").get_models()]


def mentions() -> dict[str, int]:
    """In how many rows of which table one of the names still stands."""
    found = {}
    for model in tables():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
            rows = [json.dumps(row, default=str, ensure_ascii=False).lower() for row in cursor.fetchall()]
        if count := sum(any(name.lower() in row for name in NAMES) for row in rows):
            found[model.__name__] = count
    return found


def test_after_erasing_no_table_knows_a_name_of_theirs(seeded: Recipient) -> None:
    before = mentions()

    done = privacy.erase(seeded, now=db_now())

    assert {"Recipient", "Run", "Message", "Notification", "Delivery", "Attempt", "HeldWords", "Change"} <= set(before)
    assert {"ChunkResult", "Suppression"} <= set(before)
    assert mentions() == {}
    assert done.recipient == f"erased:{seeded.public_id}"


def test_the_second_time_nothing_is_found(seeded: Recipient, acme: Tenant) -> None:
    first = privacy.erase(seeded, now=db_now())
    again = privacy.find(acme, first.recipient)
    assert again is not None

    assert privacy.erase(again, now=db_now()).rows == {}


def test_nothing_is_sent_to_them_afterwards(seeded: Recipient, acme: Tenant) -> None:
    ids = set(Recipient.reachable.filter(tenant=acme).values_list("pk", "email"))
    mine = {pk for pk, email in ids if email.lower() == seeded.email}

    privacy.erase(seeded, now=db_now())
    wake_everybody()
    Window.objects.filter(tenant=acme).update(closes_at=db_now() - timedelta(seconds=1))
    holding.look_again_at_all(acme.pk, now=db_now())
    engine.drain()
    releasing.release_for_a_while()
    engine.drain()

    assert len(mine) == 2  # them, and their mere address
    assert not Delivery.objects.filter(tenant=acme, recipient__in=mine, state__in=("pending", "sending")).exists()
    assert not InboxItem.objects.filter(recipient__in=mine).exists()
    assert not Hold.objects.filter(tenant=acme, recipient__in=mine).exists()
    assert mentions() == {}


def test_what_others_have_stays_without_the_name(seeded: Recipient, acme: Tenant) -> None:
    ben = Recipient.objects.get(tenant=acme, external_id="ben0")

    privacy.erase(seeded, now=db_now())

    said = list(InboxItem.objects.filter(recipient=ben).values_list("notification__title", flat=True))
    assert said == ["For [erased]"]
    assert Delivery.objects.filter(tenant=acme, recipient=ben, state="pending").exists()
    shared = Run.objects.filter(tenant=acme, workflow="t.news", people=2).get()
    assert shared.payload["nested"] == [{"deep": "by [erased]."}]
    alone = Run.objects.get(tenant=acme, workflow="t.news", people=1)
    assert alone.payload == {}
    mails = Message.objects.filter(tenant=acme, notice_key="t.news").order_by("pk")
    assert [one.emptied_at is None for one in mails] == [False, True]
    assert ChunkResult.objects.filter(values={"99": "stays"}).exists()


def test_a_suppressed_address_stays_suppressed(seeded: Recipient, acme: Tenant) -> None:
    privacy.erase(seeded, now=db_now())

    assert suppression.suppressed_among("email", [NAMES[2]], tenant_id=acme.pk) == {NAMES[2]}


def test_a_name_within_a_word_is_no_name(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.plain", send_inbox(title="Goodwill, Willow and {{ payload.who }}")))
    (ben,) = crowd(acme, 1, prefix="ben")
    will = directory.put_people(acme, {"w": {"name": "Will"}})[0]
    trigger("t.plain", tenant=acme, recipients=[ben], payload={"who": "Will"})
    engine.drain()

    privacy.erase(will, now=db_now())

    assert InboxItem.objects.get(recipient=ben).notification.title == "Goodwill, Willow and [erased]"


def test_the_export_has_everything_and_nothing_of_others(seeded: Recipient) -> None:
    told = privacy.export(seeded)

    assert told["profile"][0]["email"] == NAMES[2]
    assert [one["notification__title"] for one in told["inbox"]] == [f"For {NAMES[1]}"] * 2
    assert {one["address"] for one in told["deliveries"]} == {NAMES[2]}
    assert [one["workflow"] for one in told["choices"]] == ["t.none"]
    assert {one["topic__key"] for one in told["topics"]} == {"room"}
    for name in ("attempts", "digests", "habits", "held", "history", "objects", "runs", "runs_alone"):
        assert told[name], name
    assert "ben@example.com" not in json.dumps(told)


def test_over_http_it_takes_the_scope_of_an_admin_and_plain_delete_keeps_the_record(
    seeded: Recipient, acme: Tenant
) -> None:
    reads, rules = (with_key(api_key(acme, scope)) for scope in (Scope.READ, Scope.ADMIN))
    path = f"/api/v1/recipients/{seeded.external_id}/"

    assert reads.get(f"{path}export/").status_code == 403
    assert rules.get(f"{path}export/").json()["profile"][0]["name"] == NAMES[1]
    assert rules.delete(path).status_code == 204
    assert mentions()
    assert rules.delete(f"{path}?erase=perhaps").status_code == 400
    answer = rules.delete(f"{path}?erase=true")
    assert answer.status_code == 200
    assert rules.delete(f"/api/v1/recipients/{answer.json()['recipient']}/?erase=true").json()["rows"] == {}
    assert rules.get(path).status_code == 404
    assert mentions() == {}


def test_by_command(seeded: Recipient, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("notifyhub_export", seeded.external_id, tenant="acme")
    assert json.loads(capsys.readouterr().out)["profile"][0]["phone"] == NAMES[3]

    call_command("notifyhub_erase", seeded.external_id, tenant="acme")

    assert "called erased:" in capsys.readouterr().out
    assert mentions() == {}
    with pytest.raises(CommandError, match="nobody called"):
        call_command("notifyhub_erase", seeded.external_id, tenant="acme")


@pytest.mark.redis
def test_redis_knows_nothing_of_them(seeded: Recipient) -> None:
    import redis

    privacy.erase(seeded, now=db_now())

    server = redis.Redis.from_url(os.environ["NOTIFYHUB_TEST_REDIS_URL"])
    kept = [key + (server.dump(key) or b"") for key in server.scan_iter()]  # type: ignore[operator]
    assert not [one for one in kept for name in NAMES if name.encode().lower() in one.lower()]


def test_the_cost_does_not_grow_with_what_is_kept(acme: Tenant, canary: Recipient, publish: Publish) -> None:
    publish(
        workflow("t.news", send_inbox(title="For {{ payload.who }}"), send_email(title="Mail for {{ payload.who }}"))
    )
    other = directory.put_people(acme, {"other-77": {"name": "Other Person", "email": "o@canary.example"}})[0]
    for person, times in ((other, 1), (canary, 30)):
        for _ in range(times):
            trigger("t.news", tenant=acme, recipients=[person], payload={"who": person.name})
    engine.drain()

    with statements() as few:
        privacy.erase(other, now=db_now())
    with statements() as many:
        privacy.erase(canary, now=db_now())

    assert len(many) <= len(few) + 2
