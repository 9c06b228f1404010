"""Looking at a session changes nothing of it; and what a credential opens is told inbox by inbox."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from notifications.live import credentials
from notifications.live.credentials import Holds, Identity
from notifications.models import Recipient, Tenant


def handshake(client: Client) -> Identity:
    """What a socket of this browser would be opened with."""
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    scope = {"type": "websocket", "path": "/ws/notifications/", "query_string": b"", "server": ("testserver", 80)}
    identity = credentials.of_session({**scope, "headers": [(b"cookie", cookie.encode()), (b"host", b"testserver")]})
    assert identity is not None
    return identity


def signed_in(person: Recipient) -> Client:
    assert person.user is not None
    client = Client()
    client.force_login(person.user)
    return client


def standing(identity: Identity) -> Holds:
    return credentials.standing([identity.credential])[identity.credential]


def test_a_session_of_the_old_secret_key_survives_a_handshake(alice: Recipient, settings: Any) -> None:
    client = signed_in(alice)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-key" * 5, [settings.SECRET_KEY]

    identity = handshake(client)

    assert standing(identity) is Holds.WHOLE
    assert Session.objects.filter(session_key=client.cookies[settings.SESSION_COOKIE_NAME].value).exists()
    assert client.get("/inbox/").status_code == 200


def test_a_session_with_another_password_opens_nothing(alice: Recipient) -> None:
    client, user = signed_in(alice), alice.user
    identity = handshake(client)
    assert user is not None

    user.set_password("another")
    user.save()

    assert standing(identity) is Holds.NOTHING


@pytest.mark.parametrize("kind", ["signed_cookies", "cache", "db"])
def test_a_session_holds_wherever_it_is_kept(alice: Recipient, settings: Any, kind: str) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{kind}"

    assert standing(handshake(signed_in(alice))) is Holds.WHOLE


def test_who_left_one_of_two_tenants_keeps_the_other(alice: Recipient, globex: Tenant) -> None:
    there = Recipient.objects.create(tenant=globex, user=alice.user, external_id="alice-there")
    client = signed_in(alice)
    identity = handshake(client)
    assert {one.slug for one in identity.inboxes} == {"acme", "globex"}

    Recipient.objects.across_tenants().filter(pk=there.pk).update(active=False)

    assert standing(identity) is Holds.PART
    assert {one.slug for one in handshake(client).inboxes} == {"acme"}
    Recipient.objects.across_tenants().filter(pk=alice.pk).update(active=False)
    assert standing(identity) is Holds.NOTHING
