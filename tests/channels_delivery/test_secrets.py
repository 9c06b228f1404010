"""Canary secrets in every kind's channel: they are in no table, no log, no answer and no page."""

import logging
from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from channels_delivery import channels
from channels_delivery.backend import Words
from channels_delivery.backends import backends
from channels_delivery.courier import drain
from channels_delivery.models import Channel
from notifications.content import Content
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import signed_in

from .backends.stage import SECRET, Stage, stages
from .moves import let_time_come, put
from .test_callbacks import SITE

pytestmark = pytest.mark.django_db(transaction=True)
MOODS = ("refuse_for_now", "refuse_for_good", "babble", "take")


@pytest.fixture(params=sorted(stages()))
def stage(request: pytest.FixtureRequest, settings: Any, tmp_path: Any) -> Iterator[Stage]:
    with stages()[request.param]() as one:
        given = {**one.site, "ALLOW_ORIGINS": one.origins, "SITE_URL": SITE}
        if authority := getattr(one, "ca", ""):
            (tmp_path / "ca.pem").write_text(authority)
            given["CA_FILE"] = str(tmp_path / "ca.pem")
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": given}
        yield one


def test_secrets_are_written_and_never_read(
    stage: Stage, acme: Tenant, alice: Recipient, admin_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client, said = signed_in(alice), list[str]()
    body = {"kind": stage.kind, "name": "canary", "settings": stage.settings, "secrets": stage.secrets}
    made = client.post("/api/v1/channels/", body, format="json")
    assert made.status_code == 201, made.data
    channel = Channel.objects.get(tenant=acme)
    for mood in MOODS:
        getattr(stage, mood)()
        put(acme, stage.address, kind=stage.kind, channel=channel.pk, parts=_parts(channel))
        drain()
        channels.resume(channel)
        let_time_come()
    said.append(made.content.decode())
    said += [client.get(f"/api/v1/{path}").content.decode() for path in ("channels/", "channels/kinds/", "deliveries/")]
    said += [client.get(f"/api/v1/channels/{channel.public_id}/").content.decode()]
    for one in client.get("/api/v1/deliveries/").data["results"]:
        said.append(client.get(f"/api/v1/deliveries/{one['id']}/").content.decode())
    wrong = client.patch(f"/api/v1/channels/{channel.public_id}/", {"secrets": {"nonsense": SECRET}}, format="json")
    said.append(wrong.content.decode())
    root = "/admin/notifyhub_channels_delivery"
    for path in ("channel/", f"channel/{channel.pk}/change/", "delivery/", f"channel/{channel.pk}/history/"):
        said.append(admin_client.get(f"{root}/{path}").content.decode())
    client.post("/callbacks/channels/" + channel.public_id.hex + "/", {"x": SECRET[:3]})
    said += [_tables(), _dump(), caplog.text]

    everything = "\n".join(said)
    assert "canary" in everything  # it was looked at
    for secret in _leaves(stage.secrets):
        assert secret not in everything
    assert SECRET not in everything


def _parts(channel: Channel) -> Mapping[str, Any]:
    return backends()[channel.kind].compose(Words(Content("Hello"), db_now(), key="x", tenant="Acme"))


def _tables() -> str:
    """Every cell of the database, as it is stored."""
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
        rows = []
        for name in names:
            cursor.execute(f'SELECT * FROM "{name}"')
            rows.append(f"{name} {cursor.fetchall()}")
    return "\n".join(rows)


def _dump() -> str:
    told = StringIO()
    call_command("dumpdata", "notifyhub_channels_delivery", stdout=told, use_base_manager=True)
    return told.getvalue()


def _leaves(given: Any) -> Iterator[str]:
    match given:
        case dict():
            for value in given.values():
                yield from _leaves(value)
        case list():
            for value in given:
                yield from _leaves(value)
        case _:
            yield str(given)
