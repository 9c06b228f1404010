"""The few moves that the tests of people's own places need."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from channels_delivery.courier import drain
from channels_delivery.models import Channel, Delivery, Endpoint, Message
from channels_delivery.own import places
from channels_delivery.own.codes import LIFE
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import member
from workflows import engine
from workflows.trigger import trigger

from .backends.stage_sms import SmsStage
from .moves import let_time_come
from .webhooks import *  # noqa: F403  a receiver is on stage

HOST = "bob@acme.example"
MAIL = "bob@home.example"


@pytest.fixture
def sms(settings: Any, acme: Tenant) -> Iterator[SmsStage]:
    with SmsStage() as one:
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {"ALLOW_ORIGINS": one.origins}}
        Channel.objects.create(tenant=acme, kind="sms", name="sms", settings=one.settings, secrets=one.secrets)
        yield one


@pytest.fixture
def bob(acme: Tenant) -> Recipient:
    return member(acme, "bob", email=HOST)


def add(person: Recipient, kind: str = "email", written: str = MAIL, **given: Any) -> Endpoint:
    return places.add(person, kind, written, settings=given.pop("settings", {}), now=db_now(), **given).endpoint


def code_for(row: Endpoint) -> str:
    """As its owner reads it there."""
    message = Message.objects.filter(tenant=row.tenant_id, notice_key="endpoint.verify").order_by("-pk").first()
    assert message is not None
    [code] = set(re.findall(r"\b(\d{6}) is your code", json.dumps(message.parts)))
    return str(code)


def add_and_verify(person: Recipient, kind: str = "email", written: str = MAIL, **given: Any) -> Endpoint:
    row = add(person, kind, written, **given)
    return places.verify(person, row.public_id, code_for(row), now=db_now())


def a_while_ago(row: Endpoint) -> None:
    """The code was sent five minutes ago."""
    Endpoint.objects.filter(tenant=row.tenant_id, pk=row.pk).update(code_until=db_now() + LIFE - timedelta(minutes=5))


def go() -> None:
    let_time_come()
    drain()


def told(*people: Recipient, key: str = "t.note") -> None:
    trigger(key, tenant=people[0].tenant, recipients=list(people), transaction_id=f"of-{key}")
    engine.drain()


def addresses(notice: str = "t.note") -> list[str]:
    mine = Delivery.objects.across_tenants().filter(message__notice_key=notice)
    return sorted(mine.values_list("address", flat=True))
