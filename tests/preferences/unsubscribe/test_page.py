"""The page of a link: looking changes nothing, pressing does what it says, and nobody has to sign in."""

import pytest
from django.test import Client
from pytest_django import Settings

from notifications.models import NoticeType, Recipient, Tenant
from preferences.models import TenantChoice, Via
from preferences.unsubscribe.scope import Scope
from preferences.unsubscribe.tokens import token_of
from tests.web.pages import queries, words

from .moves import address, chosen, history, one_click, press, says_yes, scanner, undo_of


def test_a_hundred_looks_of_a_scanner_change_nothing(of_bob: Scope, bob: Recipient) -> None:
    client = scanner()

    answers = {getattr(client, how)(address(of_bob)).status_code for how in ("get", "head") for _ in range(50)}

    assert answers == {200}
    assert (chosen(bob), history(bob)) == ({}, [])


def test_one_click_works_without_cookies_and_without_a_redirect(of_bob: Scope, bob: Recipient) -> None:
    response = one_click(of_bob, REMOTE_ADDR="203.0.113.7")

    assert (response.status_code, response.cookies) == (200, {})
    assert chosen(bob) == {("", "billing", "email"): False}
    [change] = history(bob)
    assert (change.by, change.via, change.address) == ("one-click unsubscribe", Via.LINK, "203.0.113.7")


def test_one_click_again_changes_nothing_more(of_bob: Scope, bob: Recipient) -> None:
    assert [one_click(of_bob).status_code for _ in range(3)] == [200, 200, 200]

    assert len(history(bob)) == 1


def test_the_page_says_what_would_stop_and_what_would_not(of_bob: Scope) -> None:
    response = scanner().get(address(of_bob))

    said = words(response)
    assert "Unsubscribe from “Billing”?" in said
    assert "From Acme Channel E-mail ( b…@acme.example )" in said
    assert "What it is Invoice sent" in said
    assert "Comes anyway Payment failed" in said


def test_a_page_is_for_nobody_elses_eyes(of_bob: Scope) -> None:
    response = scanner().get(address(of_bob))

    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "no-store" in response.headers["Cache-Control"]
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert response.cookies == {}


def test_a_button_unsubscribes_and_another_undoes_it(of_bob: Scope, bob: Recipient) -> None:
    done = press(of_bob, "off")
    assert "You are unsubscribed from “Billing”" in words(done)
    assert done.redirect_chain[0][1] == 303

    undone = press(of_bob, "undo", undo=undo_of(done))

    assert "Everything is as it was." in words(undone)
    assert chosen(bob) == {}
    assert len(history(bob)) == 2


def test_what_is_undone_is_what_was_said_before(of_bob: Scope, bob: Recipient) -> None:
    before = {("", "billing", "email"): True, ("invoice.sent", "", ""): True, ("", "security", "email"): True}
    for workflow, category, kind in before:
        says_yes(bob, workflow, category, kind)

    done = press(of_bob, "off")
    assert chosen(bob) == {
        ("", "billing", "email"): False,
        ("invoice.sent", "", "email"): False,
        ("invoice.sent", "", ""): True,
        ("", "security", "email"): True,
    }
    press(of_bob, "undo", undo=undo_of(done))

    assert chosen(bob) == before


def test_all_of_a_channel_is_all_of_it(of_bob: Scope, bob: Recipient) -> None:
    says_yes(bob, "", "billing", "")
    says_yes(bob, "invoice.sent", "", "email")
    says_yes(bob, "", "billing", "inbox")

    done = press(of_bob, "channel-off")

    assert "The channel “E-mail” is off" in words(done)
    assert {named for named, wanted in chosen(bob).items() if not wanted} == {
        ("", "", "email"),
        ("", "billing", "email"),
        ("invoice.sent", "", "email"),
    }
    press(of_bob, "undo", undo=undo_of(done))
    assert all(chosen(bob).values())


def test_it_can_be_had_again_after_one_click(of_bob: Scope, bob: Recipient) -> None:
    one_click(of_bob)

    assert "Done. You get this again." in words(press(of_bob, "on"))
    assert chosen(bob) == {}


def test_what_is_off_by_the_wider_word_is_had_again_by_a_yes(of_bob: Scope, bob: Recipient, acme: Tenant) -> None:
    TenantChoice.objects.create(tenant=acme, kind="email", wanted=False)

    press(of_bob, "on")

    assert chosen(bob) == {("", "billing", "email"): True}


def test_what_the_tenant_has_locked_is_said_and_offers_no_button(of_bob: Scope, acme: Tenant) -> None:
    TenantChoice.objects.create(tenant=acme, category="billing", wanted=True, locked=True, note="By contract.")

    response = scanner().get(address(of_bob))

    assert "Acme keeps this on for everybody By contract." in words(response)
    assert 'value="off"' not in response.content.decode()


def test_a_link_of_a_workflow_is_about_that_workflow(bob: Recipient) -> None:
    NoticeType.objects.create(key="hello", name="Greetings", kinds=["email"])
    scope = Scope(bob.tenant_id, bob.pk, "email", workflow="hello")
    assert "Unsubscribe from “Greetings”?" in words(scanner().get(address(scope)))

    press(scope, "off")

    assert chosen(bob) == {("hello", "", "email"): False}


@pytest.mark.parametrize("how", ["get", "post"])
def test_a_link_with_a_flipped_bit_is_refused_and_tells_nothing(of_bob: Scope, bob: Recipient, how: str) -> None:
    token = token_of(of_bob)
    broken = f"/unsubscribe/{token[:10]}{'B' if token[10] == 'A' else 'A'}{token[11:]}/"

    response = getattr(scanner(), how)(broken, {"List-Unsubscribe": "One-Click"})

    assert response.status_code == 400
    assert "This link does not work" in words(response)
    assert not {"Acme", "Bob", "Billing"} & set(words(response).split())
    assert chosen(bob) == {}


def test_whoever_is_gone_has_no_page(of_bob: Scope, bob: Recipient, acme: Tenant) -> None:
    Recipient.objects.filter(tenant=acme, pk=bob.pk).update(active=False)

    assert one_click(of_bob).status_code == 404
    assert history(bob) == []


@pytest.mark.parametrize("stranger", ["another person", "another tenant"])
def test_what_undoes_a_link_undoes_no_other(
    of_bob: Scope, bob: Recipient, alice: Recipient, mallory: Recipient, stranger: str
) -> None:
    other = alice if stranger == "another person" else mallory
    one_click(of_bob)
    theirs = press(Scope(other.tenant_id, other.pk, "email", category="billing"), "off")

    press(of_bob, "undo", undo=undo_of(theirs))

    assert chosen(bob) == chosen(other) == {("", "billing", "email"): False}
    assert (len(history(bob)), len(history(other))) == (1, 1)


def test_what_no_button_says_is_refused(of_bob: Scope, bob: Recipient) -> None:
    for form in ({}, {"do": "everything"}, {"List-Unsubscribe": "Two-Clicks"}):
        assert scanner().post(address(of_bob), form).status_code == 400

    assert scanner().put(address(of_bob)).status_code == 405
    assert history(bob) == []


def test_links_of_a_person_make_only_so_many_changes_an_hour(of_bob: Scope, bob: Recipient, settings: Settings) -> None:
    settings.NOTIFYHUB = settings.NOTIFYHUB | {"PREFERENCES": {"UNSUBSCRIBES_PER_HOUR": 3}}
    for button in ("off", "on", "off"):
        press(of_bob, button)

    response = press(of_bob, "on")

    assert (response.status_code, response.headers["Retry-After"]) == (429, "3600")
    assert chosen(bob) == {("", "billing", "email"): False}


def test_an_address_that_claims_what_is_not_so_is_not_believed(of_bob: Scope) -> None:
    assert "Done" not in words(scanner().get(f"{address(of_bob)}?done=off&undo=forged"))


def test_who_is_signed_in_keeps_their_session_and_gets_to_all_settings(of_bob: Scope, bob: Recipient) -> None:
    client = Client()
    client.force_login(bob.user)

    assert "All my notification settings" in words(client.get(address(of_bob)))
    assert "you sign in for them" in words(scanner().get(address(of_bob)))


def test_a_look_costs_a_few_statements(of_bob: Scope) -> None:
    assert len(queries(lambda: scanner().get(address(of_bob)))) == 4
