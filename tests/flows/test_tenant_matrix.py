"""Every route, every method, with a stranger's credentials: nothing of Acme is seen, nothing of Acme changes.

A route or a method that is not in the table fails the build.
"""

import base64
import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import serializers
from django.db import models
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from channels_delivery import models as delivering
from channels_delivery import outbox
from channels_delivery.devices import subscribe
from channels_delivery.models import Attempt, Channel, Delivery, Endpoint
from channels_delivery.outbox import Address, Letter, Way
from channels_delivery.own import places
from notifications import categories, trying
from notifications import models as notifications
from notifications.kernel.clock import db_now
from notifications.models import Nesting, Recipient, Scope, Tenant
from notifications.targets import follow
from preferences import decision as preferring_decision
from preferences import holding
from preferences import models as preferring
from preferences.changing import By, choose
from preferences.models import Choice, Via
from preferences.personal import Wish
from tests.cast import api_key, crowd, drop, member, run_named, signed_in, topic, with_key, workflow
from tests.channels_delivery.push_service import Device
from tests.standing import around_tests
from workflows import dynamic, engine, registry, silences, texts
from workflows import models as workflows
from workflows.define import send_inbox
from workflows.design import Design
from workflows.hush import Hush
from workflows.matching import Matcher
from workflows.models import Silence, Workflow
from workflows.texts import Place
from workflows.trigger import trigger

pytestmark = pytest.mark.django_db
CANARY = "acme-canary"
GONE, REFUSED, OWN = {404}, {400}, {200, 201, 202, 204}
"""What a stranger may get: nothing there, a refusal by name, or an answer about what is their own."""


@dataclass(frozen=True)
class Acme:
    """What a stranger has learnt of Acme: every name and id."""

    person: Recipient
    item: str
    run: str
    topic: str
    channel: str
    delivery: str
    workflow: str
    template: str
    fragment: str
    silence: str
    device: str
    place: str
    test: str
    rows: str = ""
    """All that Acme has, before anybody did anything."""

    def fill(self, template: Any) -> Any:
        if isinstance(template, str):
            return template.format(
                person=self.person.public_id,
                user=self.person.external_id,
                item=self.item,
                run=self.run,
                topic=self.topic,
                category=f"{CANARY}-category",
                channel=self.channel,
                delivery=self.delivery,
                workflow=self.workflow,
                template=self.template,
                fragment=self.fragment,
                silence=self.silence,
                device=self.device,
                place=self.place,
                test=self.test,
            )
        if isinstance(template, dict):
            return {key: self.fill(value) for key, value in template.items()}
        return [self.fill(one) for one in template] if isinstance(template, list) else template


DEVICE = f"https://fcm.googleapis.com/fcm/send/{CANARY}"
HER_KEYS = Device(DEVICE).keys

TRIGGERS = [
    {"workflow": "hello", "recipients": [{"user": "{user}"}]},
    {"workflow": "hello", "recipients": [{"id": "{person}"}]},
    {"workflow": "hello", "recipients": [{"topic": "{topic}"}]},
    {"workflow": "hello", "actor": {"id": "{person}"}},
    {"workflow": "hello", "recipients": [{"id": "{person}"}], "dry_run": True},
]

MATRIX: dict[tuple[str, str], tuple[str, list[Any], set[int]]] = {
    ("api-trigger", "post"): ("/api/v1/trigger/", TRIGGERS, REFUSED),
    ("api-trigger-bulk", "post"): ("/api/v1/trigger/bulk/", [{"triggers": TRIGGERS}], OWN),
    ("api-runs", "get"): ("/api/v1/runs/?workflow=hello", [None], OWN),
    ("api-run", "get"): ("/api/v1/runs/{run}/", [None], GONE),
    ("api-run-cancel", "post"): (
        "/api/v1/runs/{run}/cancel/",
        [{"recipients": [{"user": "{user}"}]}, None],
        GONE | REFUSED,
    ),
    ("api-run-acknowledge", "post"): (
        "/api/v1/runs/{run}/acknowledge/",
        [{"recipient": {"user": "{user}"}}],
        REFUSED,
    ),
    ("api-events", "post"): ("/api/v1/events/", [{"event": "hello", "payload": {"name": CANARY}}], OWN),
    ("api-run-explain", "get"): ("/api/v1/runs/{run}/explain/?recipient={user}", [None], GONE),
    ("api-workflow-explain", "get"): ("/api/v1/workflows/hello/explain/?recipient={user}", [None], GONE),
    ("api-workflow-simulate", "post"): (
        "/api/v1/workflows/hello/simulate/",
        [
            {"people": [{"copy": "{user}"}]},
            {"people": [{"copy": "{user}"}], "events": [{"kind": "trigger", "recipients": [{"user": "{user}"}]}]},
        ],
        REFUSED,
    ),
    ("api-inbox", "get"): ("/api/v1/inbox/", [None], OWN),
    ("api-inbox-unread-count", "get"): ("/api/v1/inbox/unread-count/", [None], OWN),
    ("api-inbox-changes", "get"): ("/api/v1/inbox/changes/?cursor=0.0", [None], OWN),
    ("api-inbox-read-all", "post"): ("/api/v1/inbox/read-all/", [{}], OWN),
    ("api-inbox-item", "get"): ("/api/v1/inbox/{item}/", [None], GONE),
    ("api-inbox-item", "delete"): ("/api/v1/inbox/{item}/", [None], GONE),
    ("api-preferences", "get"): ("/api/v1/preferences/", [None], OWN),
    ("api-preferences", "put"): ("/api/v1/preferences/", [{"digest_day": 3}], {428}),
    ("api-preferences", "patch"): (
        "/api/v1/preferences/",
        [{"digest_day": 3, "choices": [{"channel": "email", "wanted": True}]}],
        OWN,
    ),
    ("api-preferences-snooze", "post"): ("/api/v1/preferences/snooze/", [{"minutes": 30}], OWN),
    ("api-preferences-history", "get"): ("/api/v1/preferences/history/", [None], OWN),
    ("api-preferences-held", "get"): ("/api/v1/preferences/held/", [None], OWN),
    ("api-preferences-held-send", "post"): ("/api/v1/preferences/held/send/", [None], OWN),
    ("api-preferences-matrix", "get"): ("/api/v1/preferences/matrix/", [None], OWN),
    ("api-preferences-explain", "post"): ("/api/v1/preferences/explain/", [{"workflow": "{workflow}"}], GONE),
    ("api-recipients", "get"): ("/api/v1/recipients/", [None], OWN),
    ("api-recipients-bulk", "post"): (
        "/api/v1/recipients/bulk/",
        [{"recipients": [{"external_id": "{user}", "name": "Hers now"}]}],
        OWN,
    ),
    ("api-recipient", "get"): ("/api/v1/recipients/{user}/", [None], GONE),
    ("api-recipient-export", "get"): ("/api/v1/recipients/{user}/export/", [None], GONE),
    ("api-recipient", "put"): ("/api/v1/recipients/{user}/", [{"name": "Hers now", "role": "owner"}], OWN),
    ("api-recipient", "patch"): ("/api/v1/recipients/{user}/", [{"name": "Hers now"}], GONE),
    ("api-recipient", "delete"): ("/api/v1/recipients/{user}/", [None], GONE),
    ("api-recipient-token", "post"): ("/api/v1/recipients/{user}/token/", [None], GONE),
    ("api-socket-ticket", "post"): ("/api/v1/socket-ticket/", [None], OWN),
    ("api-categories", "get"): ("/api/v1/categories/", [None], OWN),
    ("api-categories", "post"): ("/api/v1/categories/", [{"key": "{category}-new", "name": "Hers"}], OWN),
    ("api-category", "get"): ("/api/v1/categories/{category}/", [None], GONE),
    ("api-category", "patch"): ("/api/v1/categories/{category}/", [{"name": "Hers now"}], GONE),
    ("api-category", "delete"): ("/api/v1/categories/{category}/", [None], GONE),
    ("api-test", "post"): ("/api/v1/test/", [{"channel": "inbox"}], OWN),
    ("api-test-result", "get"): ("/api/v1/test/{test}/", [None], GONE),
    ("api-topics", "get"): ("/api/v1/topics/", [None], OWN),
    ("api-topics", "post"): ("/api/v1/topics/", [{"key": "{topic}", "name": "Hers now"}], OWN),
    ("api-topic", "get"): ("/api/v1/topics/{topic}/", [None], GONE),
    ("api-topic", "delete"): ("/api/v1/topics/{topic}/", [None], GONE),
    ("api-topic-subscribers", "get"): ("/api/v1/topics/{topic}/subscribers/", [None], GONE),
    ("api-topic-subscribers", "post"): ("/api/v1/topics/{topic}/subscribers/", [{"recipients": ["{user}"]}], GONE),
    ("api-topic-subscribers", "delete"): ("/api/v1/topics/{topic}/subscribers/", [{"recipients": ["{user}"]}], GONE),
    ("api-topic-inside", "get"): ("/api/v1/topics/{topic}/topics/", [None], GONE),
    ("api-topic-inside", "post"): ("/api/v1/topics/{topic}/topics/", [{"topics": [f"{CANARY}-inner"]}], GONE),
    ("api-topic-inside", "delete"): ("/api/v1/topics/{topic}/topics/", [{"topics": [f"{CANARY}-inner"]}], GONE),
    ("api-targets", "get"): ("/api/v1/targets/", [None], OWN),
    ("api-target", "post"): ("/api/v1/targets/forget/", [{"type": "document", "id": CANARY}], OWN),
    ("api-recipient-targets", "get"): ("/api/v1/recipients/{user}/targets/", [None], GONE),
    ("api-recipient-target", "post"): (
        "/api/v1/recipients/{user}/targets/forget/",
        [{"type": "document", "id": CANARY}],
        GONE,
    ),
    ("api-channels", "get"): ("/api/v1/channels/", [None], OWN),
    ("api-channels", "post"): (
        "/api/v1/channels/",
        [{"kind": "webhook", "name": CANARY, "settings": {"url": "https://globex.example/hook"}}],
        OWN,
    ),
    ("api-channels-kinds", "get"): ("/api/v1/channels/kinds/", [None], OWN),
    ("api-channel", "get"): ("/api/v1/channels/{channel}/", [None], GONE),
    ("api-channel", "patch"): ("/api/v1/channels/{channel}/", [{"name": "Hers now"}], GONE),
    ("api-channel", "delete"): ("/api/v1/channels/{channel}/", [None], GONE),
    ("api-channel-pause", "post"): ("/api/v1/channels/{channel}/pause/", [None], GONE),
    ("api-channel-resume", "post"): ("/api/v1/channels/{channel}/resume/", [None], GONE),
    ("api-channel-rotate", "post"): ("/api/v1/channels/{channel}/rotate-secret/", [None], GONE),
    ("api-channel-test", "post"): ("/api/v1/channels/{channel}/test/", [None, {"recipient": "{user}"}], GONE),
    ("api-deliveries", "get"): ("/api/v1/deliveries/", [None], OWN),
    ("api-deliveries-replay", "post"): (
        "/api/v1/deliveries/replay/",
        [{"status": ["dead"]}, {"status": ["dead"], "channel": "{channel}"}],
        OWN,
    ),
    ("api-delivery", "get"): ("/api/v1/deliveries/{delivery}/", [None], GONE),
    ("api-delivery-replay", "post"): ("/api/v1/deliveries/{delivery}/replay/", [None], GONE),
    ("api-delivery-cancel", "post"): ("/api/v1/deliveries/{delivery}/cancel/", [None], GONE),
    ("api-push-key", "get"): ("/api/v1/push/vapid-public-key/", [None], OWN),
    ("api-push-subscribe", "post"): ("/api/v1/push/subscribe/", [{"endpoint": DEVICE, "keys": HER_KEYS}], OWN),
    ("api-push-refresh", "post"): (
        "/api/v1/push/refresh/",
        [{"old_endpoint": DEVICE, "endpoint": f"{DEVICE}-2", "keys": HER_KEYS}],
        OWN,
    ),
    ("api-push-unsubscribe", "post"): ("/api/v1/push/unsubscribe/", [{"endpoint": DEVICE}], OWN),
    ("api-push-devices", "get"): ("/api/v1/push/devices/", [None], OWN),
    ("api-endpoints", "get"): ("/api/v1/endpoints/", [None], OWN),
    ("api-endpoints", "post"): ("/api/v1/endpoints/", [{"kind": "email", "address": f"{CANARY}@home.example"}], OWN),
    ("api-endpoint", "patch"): ("/api/v1/endpoints/{place}/", [{"label": "Hers now"}], GONE),
    ("api-endpoint", "delete"): ("/api/v1/endpoints/{place}/", [None], GONE),
    ("api-endpoint-code", "post"): ("/api/v1/endpoints/{place}/code/", [None], GONE),
    ("api-endpoint-verify", "post"): ("/api/v1/endpoints/{place}/verify/", [{"code": "123456"}], GONE),
    ("api-push-device", "patch"): ("/api/v1/push/devices/{device}/", [{"label": "Hers now"}], GONE),
    ("api-push-device", "delete"): ("/api/v1/push/devices/{device}/", [None], GONE),
    ("api-workflows", "get"): ("/api/v1/workflows/?limit=200", [None], OWN),
    ("api-workflows", "post"): ("/api/v1/workflows/", [{"key": "{workflow}-new", "name": "Hers"}], OWN),
    ("api-workflow", "get"): ("/api/v1/workflows/{workflow}/", [None], GONE),
    ("api-workflow", "patch"): ("/api/v1/workflows/{workflow}/", [{"name": "Hers now"}], GONE),
    ("api-workflow", "delete"): ("/api/v1/workflows/{workflow}/", [None], GONE),
    ("api-workflow-publish", "post"): ("/api/v1/workflows/{workflow}/publish/", [{}], GONE),
    ("api-workflow-archive", "post"): ("/api/v1/workflows/{workflow}/archive/", [None], GONE),
    ("api-workflow-validate", "post"): ("/api/v1/workflows/{workflow}/validate/", [{}], GONE),
    ("api-workflow-preview", "post"): (
        "/api/v1/workflows/{workflow}/preview/",
        [{}, {"in_force": True}],
        GONE,
    ),
    ("api-workflow-versions", "get"): ("/api/v1/workflows/{workflow}/versions/", [None], GONE),
    ("api-workflow-diff", "get"): ("/api/v1/workflows/{workflow}/versions/diff/?from=1", [None], GONE),
    ("api-workflow-rollback", "post"): ("/api/v1/workflows/{workflow}/rollback/", [{"version": 1}], GONE),
    ("api-templates", "get"): ("/api/v1/templates/", [None], OWN),
    ("api-templates", "post"): (
        "/api/v1/templates/",
        [
            {"workflow": "{workflow}", "channel": "inbox", "texts": {"title": "Hers now"}},
            {"workflow": "hello", "channel": "email", "texts": {"html": "x"}, "layout": f"{CANARY}-layout"},
        ],
        REFUSED,
    ),
    ("api-silences", "get"): ("/api/v1/silences/", [None], OWN),
    ("api-silences", "post"): (
        "/api/v1/silences/",
        [{"name": "Hers", "reason": "Hers", "matcher": {"workflows": ["*"]}, "ends_at": "2099-01-01T00:00:00Z"}],
        OWN,
    ),
    ("api-silence-preview", "post"): (
        "/api/v1/silences/preview/",
        [{"name": "Hers", "reason": "Hers", "matcher": {"workflows": ["*"]}, "ends_at": "2099-01-01T00:00:00Z"}],
        OWN,
    ),
    ("api-silence", "get"): ("/api/v1/silences/{silence}/", [None], GONE),
    ("api-silence", "patch"): ("/api/v1/silences/{silence}/", [{"reason": "Hers now"}], GONE),
    ("api-silence-expire", "post"): ("/api/v1/silences/{silence}/expire/", [None], GONE),
    ("api-template-validate", "post"): (
        "/api/v1/templates/validate/",
        [{"workflow": "{workflow}", "channel": "inbox", "texts": {"title": "x"}}],
        OWN,
    ),
    ("api-template-preview", "post"): (
        "/api/v1/templates/preview/",
        [{"workflow": "{workflow}", "texts": {"title": "x"}}],
        GONE,
    ),
    ("api-template", "get"): ("/api/v1/templates/{template}/", [None], GONE),
    ("api-template", "patch"): ("/api/v1/templates/{template}/", [{"texts": {"title": "Hers now"}}], GONE),
    ("api-template", "delete"): ("/api/v1/templates/{template}/", [None], GONE),
    ("api-template-versions", "get"): ("/api/v1/templates/{template}/versions/", [None], GONE),
    ("api-template-rollback", "post"): ("/api/v1/templates/{template}/rollback/", [{"version": 1}], GONE),
    ("api-fragments", "get"): ("/api/v1/templates/fragments/", [None], OWN),
    ("api-fragments", "post"): (
        "/api/v1/templates/fragments/",
        [{"kind": "layout", "name": f"{CANARY}-layout", "source": "Hers now"}],
        OWN,
    ),
    ("api-fragment", "get"): ("/api/v1/templates/fragments/{fragment}/", [None], GONE),
    ("api-fragment", "delete"): ("/api/v1/templates/fragments/{fragment}/", [None], GONE),
} | {
    ("api-inbox-item-action", f"post {verb}"): (f"/api/v1/inbox/{{item}}/{verb}/", [None], GONE)
    for verb in ("read", "unread", "seen", "archive", "unarchive")
}

PUBLIC = {"api-schema", "api-docs", "healthz", "readyz", "callback-delivery", "callback-channel", "push-worker"}
"""Routes that tell nothing of any tenant."""

PAGES = {
    "inbox", "inbox-read-all", "inbox-seen", "inbox-item", "inbox-change", "choose-tenant", "home", "sign-in",
    "sign-in-as", "sign-out", "playground", "playground-check", "run", "run-state", "run-cancel",
    "mailbox", "mailbox-state", "mailbox-clear", "mail", "mail-html", "mail-attachment", "catchers", "catcher",
    "catcher-state", "catcher-answer", "catcher-resume", "catcher-clear", "caught", "preferences", "unsubscribe",
    "all-chats", "chats", "chats-state", "chats-clear", "chats-answer", "chats-resume", "chat-room",
    "devices", "places", "phones", "phone", "phone-state", "phone-answer", "phone-provider",
    "all-pushes", "pushes", "pushes-state", "pushes-answer", "pushes-again", "pushes-clear", "push-service",
}  # fmt: skip
"""The pages, which have a matrix of their own in tests/web/test_tenancy.py, and what was sent in test_mailbox.py,
test_catcher.py, test_chats.py, test_pushes.py and test_phone.py, what people want in test_preferences_page.py, and
tokens in tests/preferences/unsubscribe/."""


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from routes(one, prefix + str(one.pattern))
        elif not prefix.startswith("admin/"):
            yield prefix + str(one.pattern), one


def test_every_route_and_method_is_in_the_matrix() -> None:
    found = set()
    for _, route in routes(get_resolver()):
        view = getattr(route.callback, "view_class", None)
        if route.name in PUBLIC | PAGES:
            continue
        assert view is not None, f"{route.name} is in no table"
        methods = {name for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)}
        found |= {(route.name, method) for method in methods}

    assert found == {(name, method.split()[0]) for name, method in MATRIX}


@pytest.fixture(scope="module")
def standing(django_db_setup: None, django_db_blocker: Any) -> Iterator[Acme]:
    """Made once: what a test does to it is undone at its end."""
    hello = workflow("hello", send_inbox(title="Hello {{ payload.name }}"))
    assert registry.register(hello), registry.problems()
    with around_tests(django_db_blocker):
        with django_db_blocker.unblock():
            made = with_everything(Tenant.objects.create(slug="acme", name="Acme"))
            made = replace(made, rows=everything_of(made.person.tenant))
        yield made
    registry.unregister(hello.key)


@pytest.fixture
def known(db: None, standing: Acme) -> Acme:
    """One test's own words for what stands there, to be changed as it likes."""
    return deepcopy(standing)


def with_everything(acme: Tenant) -> Acme:
    """Something of everything, all of it under a telling name."""
    (person,) = crowd(acme, 1, prefix=f"{CANARY}-", role="admin", email=f"{CANARY}@acme.example")
    outer, inner = topic(acme, f"{CANARY}-topic", person), topic(acme, f"{CANARY}-inner")
    Nesting.objects.create(outer=outer, inner=inner)
    follow([person], {"type": "document", "id": CANARY})
    categories.create(acme, f"{CANARY}-category", name=f"Secret {CANARY}")
    Choice.objects.create(tenant=acme, recipient=person, workflow=f"{CANARY}-flow", wanted=False)
    hold_for(person)
    choose(person, Wish(channel="email", wanted=False), by=By(f"Secret {CANARY}", Via.API), now=db_now())
    trigger("hello", tenant=acme, recipients=[person], payload={"name": CANARY}, transaction_id=f"{CANARY}-run")
    engine.drain()
    item = drop(person, f"Secret {CANARY}")
    channel = hook(acme, name=f"{CANARY}-hook", url=f"https://acme.example/{CANARY}")
    delivery = sent(channel, state="dead", recipient=person)
    run = run_named(f"{CANARY}-run").transaction_id
    flow = own_workflow(acme)
    topic_key = f"{CANARY}-topic"
    fragment = texts.save_fragment(acme, "layout", f"{CANARY}-layout", f"Secret {CANARY}<!-- content -->")
    told = {"title": f"Secret {CANARY}", "html": "x"}
    template = texts.create(acme, Place("hello", "email"), told, layout=fragment.name)
    ids = [str(one.public_id) for one in (channel, delivery)]
    device = subscribe(person, DEVICE, Device(DEVICE).keys, label=f"Secret {CANARY}", now=db_now())
    place = places.add(person, "email", f"{CANARY}@home.example", settings={}, label=f"Secret {CANARY}", now=db_now())
    own = [str(one.public_id) for one in (template, fragment, hush(acme), device, place.endpoint)]
    test = str(trying.send(person, ["inbox"], now=db_now()))
    return Acme(person, str(item), run, topic_key, *ids, flow.key, *own, test)


def hold_for(person: Recipient) -> None:
    """A message that waits for them."""
    subject, tomorrow = preferring_decision.Subject("hello", "", "email"), db_now() + timedelta(days=1)
    to = {person.pk: preferring_decision.Hold(tomorrow, "snoozed")}
    title = {"title": f"Secret {CANARY}"}
    holding.hold_many([holding.Message(person.tenant_id, subject, uuid4(), "0.0", title, {}, to)], now=db_now())


def hush(tenant: Tenant) -> Silence:
    """A silence of what nobody sends."""
    about = Matcher(workflows=[f"{CANARY}-none"])
    said = Hush(f"Secret {CANARY}", about, reason=CANARY, ends_at=db_now() + timedelta(hours=1))
    return silences.create(tenant, said, now=db_now())


def own_workflow(tenant: Tenant) -> Workflow:
    """One in force, and a draft that says something else."""
    steps = [send_inbox(title=f"Secret {CANARY}")]
    row = dynamic.create(tenant, f"{CANARY}-flow", Design(f"Secret {CANARY}", description=CANARY, steps=steps))
    dynamic.publish(row, now=db_now(), by=CANARY, note=f"Secret {CANARY}")
    return dynamic.change(row, description=f"Secret {CANARY}")


def hook(tenant: Tenant, *, name: str, url: str) -> Channel:
    secrets = {"signing": ["whsec_" + base64.b64encode(f"Secret {CANARY} of 24 bytes".encode()).decode()]}
    return Channel.objects.create(tenant=tenant, kind="webhook", name=name, settings={"url": url}, secrets=secrets)


def sent(channel: Channel, *, state: str, recipient: Recipient) -> Delivery:
    """Something that went out by this channel, with one try."""
    to = [Address(f"https://acme.example/{CANARY}", recipient=recipient.pk)]
    parts = {"body": f"Secret {CANARY}"}
    letter = Letter(
        channel.tenant_id, "webhook", "hello", parts=parts, to=to, way=Way(f"webhook:{channel.pk}"), channel=channel.pk
    )
    outbox.enqueue_many([letter], now=db_now())
    delivery = Delivery.objects.get(tenant=channel.tenant, channel=channel)
    Attempt.objects.create(delivery=delivery, no=1, started_at=db_now(), result=state, detail=f"Secret {CANARY}")
    Delivery.objects.filter(tenant=channel.tenant, pk=delivery.pk).update(state=state, attempt=1, code="provider")
    return delivery


def everything_of(tenant: Tenant) -> str:
    """All rows of a tenant, as text to compare."""
    rows: list[models.Model] = []
    for app in (notifications, workflows, delivering, preferring):
        for model in (getattr(app, name) for name in app.__all__ if isinstance(getattr(app, name), type)):
            if issubclass(model, models.Model) and not model._meta.abstract:
                names = {field.name for field in model._meta.fields}
                if "tenant" in names and hasattr(model, "everything"):
                    rows += model.everything.filter(tenant=tenant).order_by("pk")
                elif "recipient" in names:
                    rows += model.objects.filter(recipient__tenant=tenant).order_by("pk")
    secrets = [row.secrets for row in rows if isinstance(row, Channel | Endpoint)]  # encrypted, they look new each time
    for row in rows:
        if isinstance(row, Channel | Endpoint):
            row.secrets = None
    return serializers.serialize("json", rows) + json.dumps(secrets)


@pytest.fixture
def stranger(mallory: Recipient, who: str) -> APIClient:
    """`who`: one of the ways in which Mallory comes."""
    if who == "key":
        return with_key(api_key(mallory.tenant, Scope.ADMIN, Scope.READ, Scope.TRIGGER))
    return signed_in(mallory, **({"HTTP_X_TENANT": "acme"} if who == "session naming Acme" else {}))


def call(client: APIClient, route: tuple[str, str], known: Acme) -> Iterator[Any]:
    url, bodies, _ = MATRIX[route]
    for body in bodies:
        send: Callable[..., Any] = getattr(client, route[1].split()[0])
        yield send(known.fill(url), known.fill(body), format="json")


@pytest.mark.parametrize("route", MATRIX, ids=" ".join)
@pytest.mark.parametrize("who", ["session", "key", "session naming Acme"])
def test_a_stranger_sees_nothing_and_changes_nothing(
    known: Acme, stranger: APIClient, route: tuple[str, str], who: str
) -> None:
    own_inbox = route[0].startswith(PERSONAL) and who == "key"

    for answer in call(stranger, route, known):
        allowed = {403} if own_inbox else MATRIX[route][2]
        assert answer.status_code in allowed, answer.content
        said = answer.content.decode().replace(known.fill(MATRIX[route][0]), "")
        if answer.status_code < 300 and route[1] == "get":
            assert CANARY not in said
        assert f"Secret {CANARY}" not in said
        assert f"{CANARY}@acme.example" not in said

    assert everything_of(known.person.tenant) == known.rows


@pytest.mark.parametrize("route", [route for route in MATRIX if route[1] == "get"], ids=" ".join)
def test_the_canary_sings_for_acme_itself(known: Acme, route: tuple[str, str]) -> None:
    """Else the tests above could not fail."""
    known.person.user = member(known.person.tenant, "bob").user
    Recipient.objects.filter(tenant=known.person.tenant, external_id="bob").delete()
    known.person.save()
    assert everything_of(known.person.tenant).count(CANARY) > 5

    (answer,) = call(signed_in(known.person), route, known)

    assert answer.status_code == 200
    assert CANARY in answer.content.decode() or route[0] in {
        "api-inbox-unread-count",
        "api-channels-kinds",
        "api-push-key",
        "api-test-result",
    }


@pytest.mark.parametrize("route", MATRIX, ids=" ".join)
def test_nobody_gets_in_without_credentials(known: Acme, route: tuple[str, str]) -> None:
    for answer in call(APIClient(), route, known):
        assert answer.status_code == 401, answer.content
        assert answer.headers["Content-Type"] == "application/problem+json"

    assert everything_of(known.person.tenant) == known.rows


@pytest.mark.parametrize("route", MATRIX, ids=" ".join)
def test_a_user_of_no_tenant_gets_nowhere(known: Acme, route: tuple[str, str], django_user_model: Any) -> None:
    client = APIClient()
    client.force_login(django_user_model.objects.create_user("nobody"))

    assert {answer.status_code for answer in call(client, route, known)} == {403}


UNSAFE = [route for route in MATRIX if not route[1].startswith("get")]


@pytest.mark.parametrize("route", UNSAFE, ids=" ".join)
def test_a_session_without_a_csrf_token_changes_nothing(
    known: Acme, mallory: Recipient, route: tuple[str, str]
) -> None:
    client = signed_in(mallory, enforce_csrf_checks=True)
    before = everything_of(mallory.tenant)

    for answer in call(client, route, known):
        assert (answer.status_code, "CSRF" in answer.content.decode()) == (403, True)

    assert everything_of(mallory.tenant) == before


@pytest.mark.parametrize("route", MATRIX, ids=" ".join)
def test_a_member_does_not_run_the_tenant(known: Acme, route: tuple[str, str]) -> None:
    """Bob works at Acme: his own inbox is his, everything else takes an owner or admin."""
    client = signed_in(member(known.person.tenant, "bob"))

    answers = {answer.status_code for answer in call(client, route, known)}

    taken = {409} if route[0] == "api-push-subscribe" else set[int]()  # the device is somebody else's
    assert answers <= ({200, 201, 202, 204, 404, 428} | taken if route[0].startswith(PERSONAL) else {403})


PERSONAL = ("api-inbox", "api-target", "api-preferences", "api-socket-ticket", "api-push", "api-endpoint", "api-test")
"""Routes about the inbox, the wishes and the devices of whoever calls, and about what they follow: a server's key has
none."""

NEEDS: dict[str, set[str]] = {
    "trigger": {
        "api-trigger post", "api-trigger-bulk post", "api-run-cancel post", "api-run-acknowledge post",
        "api-events post",
    },
    "read": {
        "api-runs get", "api-run get", "api-recipients get", "api-recipient get", "api-topics get", "api-topic get",
        "api-categories get", "api-category get",
        "api-topic-subscribers get", "api-topic-inside get", "api-recipient-targets get",
        "api-channels get", "api-channels-kinds get", "api-channel get",
        "api-deliveries get", "api-delivery get", "api-run-explain get", "api-workflow-explain get",
        "api-workflow-simulate post",
        "api-workflows get", "api-workflow get",
        "api-workflow-versions get", "api-workflow-diff get", "api-templates get", "api-template get",
        "api-template-versions get",
        "api-fragments get", "api-fragment get", "api-silences get", "api-silence get", "api-silence-preview post",
    },
}  # fmt: skip


NOT_NOW = {
    ("api-delivery-cancel", "post"),
    ("api-workflow", "delete"),
    ("api-fragment", "delete"),
    ("api-templates", "post"),
}
"""What is known, and can no longer be taken back, is in force, in use, or there already."""


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("route", MATRIX, ids=" ".join)
def test_a_key_may_do_what_its_scope_says(known: Acme, route: tuple[str, str], scope: Scope) -> None:
    client = with_key(api_key(known.person.tenant, scope))

    answers = {answer.status_code for answer in call(client, route, known)}

    if route[0].startswith(PERSONAL):
        allowed = False
    else:
        allowed = scope == Scope.ADMIN or " ".join(route) in NEEDS.get(scope.value, set())
    known_but_not_now = {409} if route in NOT_NOW else set()
    assert answers == {403} if not allowed else answers <= {200, 201, 202, 204} | known_but_not_now
