"""Who is let in, for how long, and what happens to those who ask too much."""

import asyncio
import json
import os
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client, override_settings
from rest_framework.test import APIClient
from websockets.exceptions import ConnectionClosed, InvalidStatus

from notifications.kernel.clock import db_now
from notifications.live import tickets
from notifications.live.doors import origin_is_ours
from notifications.models import ApiKey, Recipient, Scope, SocketTicket, Tenant
from tests.cast import api_key, drop, signed_in, with_key
from tests.notifications.live.browser import Browser
from tests.notifications.live.conftest import Server

real = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def refused(open_one: Any) -> bool:
    with pytest.raises(InvalidStatus) as caught:
        open_one()
    return caught.value.response.status_code == 403


ORIGINS = {
    "http://testserver": True,
    "http://testserver:80": False,
    "https://testserver": True,
    "http://evil.example": False,
    "http://testserver.evil.example": False,
    "http://testserver@evil.example": False,
    "http://evil.example#testserver": False,
    "null": False,
    "": False,
    "file://": False,
    "testserver": False,
    "http://testserver/path": False,
    "https://app.example.com": True,
    "https://app.example.com.evil.example": False,
    "http://app.example.com": False,
}


@pytest.mark.once
@pytest.mark.parametrize("origin", ORIGINS)
def test_origins(origin: str) -> None:
    with override_settings(NOTIFYHUB={"NOTIFICATIONS": {"LIVE_ORIGINS": ["https://app.example.com"]}}):
        assert origin_is_ours(origin, host="testserver") is ORIGINS[origin]


@pytest.mark.once
def test_a_host_that_is_not_ours_makes_no_origin_ours() -> None:
    assert not origin_is_ours("http://evil.example", host="evil.example")


class TestTheDoor:
    pytestmark = real

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
    def test_a_foreign_or_missing_origin_is_refused(
        self, alice: Recipient, browser: type[Browser], origin: str | None
    ) -> None:
        assert refused(lambda: browser(alice, origin=origin))

    def test_nobody_is_refused(self, browser: type[Browser]) -> None:
        assert refused(browser)

    def test_a_user_of_no_tenant_is_refused(self, transactional_db: None, browser: type[Browser]) -> None:
        client = Client()
        client.force_login(get_user_model().objects.create_user("nobody"))

        assert refused(lambda: browser(client=client))

    def test_any_other_path_is_nothing(self, alice: Recipient, server: Server) -> None:
        from websockets.sync.client import connect

        assert refused(lambda: connect(f"ws://{server.address}/ws/other/"))

    def test_the_eleventh_socket_is_closed_and_the_others_stay(self, alice: Recipient, browser: type[Browser]) -> None:
        tabs = [browser(alice) for _ in range(10)]

        assert_closed(lambda: browser(alice), 4009)
        assert all(tab.quiet() for tab in tabs)


def assert_closed(open_one: Any, code: int) -> None:
    from websockets.exceptions import ConnectionClosed

    with pytest.raises(ConnectionClosed) as caught:
        open_one()
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == code


class TestTickets:
    pytestmark = real

    def test_a_ticket_opens_one_socket(self, alice: Recipient, browser: type[Browser]) -> None:
        ticket = signed_in(alice).post("/api/v1/socket-ticket/").json()["ticket"]

        tab = browser(ticket=ticket)

        drop(alice, "With a ticket")
        assert tab.frame()["item"]["title"] == "With a ticket"
        assert refused(lambda: browser(ticket=ticket))

    def test_a_widget_gets_one_with_its_token(self, acme: Tenant, alice: Recipient, browser: type[Browser]) -> None:
        widget = with_token(mint(api_key(acme, Scope.ADMIN), alice))

        tab = browser(ticket=widget.post("/api/v1/socket-ticket/").json()["ticket"])

        assert tab.hello["tenant"] == acme.slug

    def test_a_server_has_none(self, acme: Tenant) -> None:
        assert with_key(api_key(acme, Scope.ADMIN)).post("/api/v1/socket-ticket/").status_code == 403

    def test_it_is_good_for_half_a_minute(self, alice: Recipient, browser: type[Browser]) -> None:
        ticket = signed_in(alice).post("/api/v1/socket-ticket/").json()["ticket"]
        SocketTicket.objects.update(expires_at=db_now() - timedelta(seconds=1))

        assert refused(lambda: browser(ticket=ticket))
        tickets.forget_expired()
        assert not SocketTicket.objects.exists()

    def test_it_is_kept_as_a_hash(self, alice: Recipient) -> None:
        ticket = signed_in(alice).post("/api/v1/socket-ticket/").json()["ticket"]

        assert ticket not in json.dumps(list(SocketTicket.objects.values()), default=str)

    @pytest.mark.parametrize("forged", ["x", "ticket.", "a" * 500])
    def test_a_made_up_one_opens_nothing(self, alice: Recipient, browser: type[Browser], forged: str) -> None:
        assert refused(lambda: browser(ticket=forged))


def mint(key: str, person: Recipient) -> str:
    answer = with_key(key).post(f"/api/v1/recipients/{person.external_id}/token/")
    assert answer.status_code == 201, answer.content
    return str(answer.json()["token"])


def with_token(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@pytest.mark.django_db
class TestTokens:
    def test_a_token_is_its_person_and_nobody_else(self, acme: Tenant, alice: Recipient, bob: Recipient) -> None:
        drop(alice, "Hers")
        drop(bob, "His")

        found = with_token(mint(api_key(acme, Scope.ADMIN), alice)).get("/api/v1/inbox/").json()["results"]

        assert [one["title"] for one in found] == ["Hers"]

    def test_a_token_may_do_what_a_person_may(self, acme: Tenant, alice: Recipient) -> None:
        widget = with_token(mint(api_key(acme, Scope.ADMIN), alice))

        assert widget.get("/api/v1/recipients/").status_code == 403
        assert widget.post("/api/v1/trigger/", {"workflow": "hello"}).status_code == 403

    @pytest.mark.parametrize("scope", [Scope.READ, Scope.TRIGGER])
    def test_a_smaller_key_mints_none(self, acme: Tenant, alice: Recipient, scope: str) -> None:
        answer = with_key(api_key(acme, scope)).post(f"/api/v1/recipients/{alice.external_id}/token/")

        assert answer.status_code == 403

    def test_a_token_ends_with_its_key(self, acme: Tenant, alice: Recipient) -> None:
        token = mint(api_key(acme, Scope.ADMIN), alice)
        ApiKey.objects.across_tenants().update(revoked_at=db_now())

        assert with_token(token).get("/api/v1/inbox/").status_code == 401

    def test_a_token_ends_with_its_time(self, acme: Tenant, alice: Recipient) -> None:
        with override_settings(NOTIFYHUB={"NOTIFICATIONS": {"TOKEN_MINUTES": 0}}):
            token = mint(api_key(acme, Scope.ADMIN), alice)

        assert with_token(token).get("/api/v1/inbox/").status_code == 401

    def test_a_changed_token_is_nobodys(self, acme: Tenant, alice: Recipient) -> None:
        token = mint(api_key(acme, Scope.ADMIN), alice)

        for place in (0, len(token) // 2, len(token) - 1):
            changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
            assert with_token(changed).get("/api/v1/inbox/").status_code == 401


class TestLifetime:
    pytestmark = real

    def test_signing_out_closes_it(self, alice: Recipient, server: Server, browser: type[Browser]) -> None:
        tab = browser(alice)

        tab.client.logout()
        server.on_loop("recheck")

        assert tab.code() == 4001

    def test_a_new_password_closes_those_of_the_old_one(
        self, alice: Recipient, server: Server, browser: type[Browser]
    ) -> None:
        tab = browser(alice)

        assert alice.user is not None
        alice.user.set_password("another")
        alice.user.save()
        server.on_loop("recheck")

        assert tab.code() == 4001

    @pytest.mark.parametrize("what", ["person", "tenant", "user"])
    def test_who_is_taken_out_is_closed(
        self, alice: Recipient, bob: Recipient, mallory: Recipient, server: Server, browser: type[Browser], what: str
    ) -> None:
        tab, other = browser(alice), browser(mallory)

        assert alice.user is not None
        match what:
            case "person":
                Recipient.objects.filter(tenant=alice.tenant, pk=alice.pk).update(active=False)
            case "tenant":
                Tenant.objects.filter(pk=alice.tenant_id).update(active=False)
            case _:
                get_user_model().objects.filter(pk=alice.user.pk).update(is_active=False)
        server.on_loop("recheck")

        assert tab.code() == 4001
        assert other.quiet()

    def test_a_revoked_key_closes_its_widgets(
        self, acme: Tenant, alice: Recipient, server: Server, browser: type[Browser]
    ) -> None:
        widget = with_token(mint(api_key(acme, Scope.ADMIN), alice))
        tab = browser(ticket=widget.post("/api/v1/socket-ticket/").json()["ticket"])

        ApiKey.objects.across_tenants().update(revoked_at=db_now())
        server.on_loop("recheck")

        assert tab.code() == 4001

    def test_it_is_looked_at_without_being_asked_for(
        self, acme: Tenant, alice: Recipient, bob: Recipient, mallory: Recipient, browser: type[Browser]
    ) -> None:
        """The hub's own clock; a `Browser` waits ten seconds for it and no longer."""
        widget = with_token(mint(api_key(acme, Scope.ADMIN), bob))
        ticket = widget.post("/api/v1/socket-ticket/").json()["ticket"]
        signed_out, revoked, suspended = browser(alice), browser(ticket=ticket), browser(mallory)

        signed_out.client.logout()
        ApiKey.objects.across_tenants().update(revoked_at=db_now())
        Tenant.objects.filter(pk=mallory.tenant_id).update(active=False)

        assert [tab.code() for tab in (signed_out, revoked, suspended)] == [4001, 4001, 4001]

    def test_whose_credentials_hold_stays(self, alice: Recipient, server: Server, browser: type[Browser]) -> None:
        tab = browser(alice)

        server.on_loop("recheck")

        assert tab.quiet()


NONSENSE = ["", "{", "[]", "1", "null", '{"type": "x"}', '{"type": {}}', "[" * 50_000, '{"type": "read", "ids": 1}']

WRONG: list[dict[str, Any]] = [
    {"type": "resume"},
    {"type": "resume", "cursor": "x"},
    {"type": "resume", "cursor": "1." + "9" * 60},
    {"type": "read", "ids": []},
    {"type": "read", "ids": ["x"]},
    {"type": "read", "ids": [None]},
    {"type": "read_all", "tab": "x"},
    {"type": "read_all", "tab": 1},
    {"type": "seen", "upto": "1"},
    {"type": "seen", "upto": 10**30},
    {"type": "seen", "upto": True},
    {"type": "watch"},
    {"type": "watch", "watch": {"nothing": "1"}},
    {"type": "watch", "watch": {"run": ""}},
    {"type": "ping", "tenant": "globex"},
    {"type": "ping", "tenant": 1},
    {"type": "ping", "tenant": {}},
]


class TestLimits:
    pytestmark = real

    def test_a_large_frame_closes_it(self, alice: Recipient, browser: type[Browser]) -> None:
        tab = browser(alice)

        tab.raw("x" * 65_537)

        assert tab.code() == 1009

    def test_a_flood_closes_it(self, alice: Recipient, browser: type[Browser]) -> None:
        tab = browser(alice)

        with suppress(ConnectionClosed):  # it may be closed before all are said
            for _ in range(100):
                tab.raw('{"type": "ping"}')

        assert tab.code() == 4029

    def test_nonsense_is_answered_and_the_socket_stays(self, alice: Recipient, browser: type[Browser]) -> None:
        tab = browser(alice)

        for text in NONSENSE:
            tab.raw(text)

            assert tab.frame()["type"] == "error", text
        assert tab.quiet()

    def test_a_wrong_value_is_answered_with_what_to_send(self, alice: Recipient, browser: type[Browser]) -> None:
        tab = browser(alice)

        for asked in WRONG:
            tab.say(**asked)

            answer = tab.frame()
            assert (answer["type"], answer["code"]) == ("error", "invalid"), asked
            assert answer["detail"]

    def test_who_does_not_read_is_cut_off_comes_back_and_nobody_waits(
        self, alice: Recipient, bob: Recipient, server: Server, browser: type[Browser]
    ) -> None:
        stuck, tab = browser(alice), browser(bob)
        (socket,) = server.hub.sockets[alice.pk]

        async def flood() -> None:
            """More than the network holds, and no faster than a reader could follow."""
            for _ in range(2_000):
                if not socket.ended:
                    socket.push(os.urandom(20_000).hex())
                    await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(flood(), server.loop).result(30)
        item = drop(bob, "Meanwhile")
        assert tab.frame()["item"]["id"] == str(item)

        assert stuck.code() == 4008
        back = browser(alice)
        back.say(type="resume", cursor=stuck.hello["cursor"])
        assert back.frame()["type"] == "resumed"

    def test_another_persons_item_cannot_be_read(
        self, alice: Recipient, mallory: Recipient, browser: type[Browser]
    ) -> None:
        item = drop(alice, "Hers")
        tab = browser(mallory)

        tab.say(type="read", ids=[str(item)])

        assert tab.frame()["type"] == "done"
        assert signed_in(alice).get(f"/api/v1/inbox/{item}/").json()["read"] is False
