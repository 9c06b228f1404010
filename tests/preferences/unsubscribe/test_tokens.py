"""Tokens carry what they speak of, and not one bit of them can be another."""

import base64

import pytest
from django.core import signing
from pytest_django import Settings

from preferences.unsubscribe.scope import Scope
from preferences.unsubscribe.tokens import scope_of, token_of, tokens_of

BOBS = Scope(3, 300, "email", category="billing")

SCOPES = [
    BOBS,
    Scope(1, 1, "email", workflow="invoice.sent"),
    Scope(2**63 - 1, 2**63 - 1, "k" * 32, category="ж" * 100),
    Scope(127, 128, "email", workflow="w"),
    Scope(128, 16_384, "sms", category="c"),
]


@pytest.mark.parametrize("scope", SCOPES)
def test_a_token_says_what_was_put_into_it(scope: Scope) -> None:
    assert scope_of(token_of(scope)) == scope


def test_a_token_fits_into_a_line_of_a_mail_header() -> None:
    assert len(token_of(Scope(20, 1_000_000, "email", category="conversations"))) <= 56


def test_those_of_many_people_are_the_ones_that_each_would_get() -> None:
    made = dict(tokens_of(BOBS, range(1, 1_001)))

    assert len(set(made.values())) == 1_000
    assert made[300] == token_of(BOBS)
    assert scope_of(made[1_000]) == Scope(3, 1_000, "email", category="billing")


def test_no_bit_of_it_can_be_another() -> None:
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = token_of(BOBS)
    flipped = [
        token[:place] + signs[signs.index(sign) ^ 1 << bit] + token[place + 1 :]
        for place, sign in enumerate(token)
        for bit in range(6)
    ]

    assert [one for one in flipped if scope_of(one) is not None] == []


@pytest.mark.parametrize(
    "other",
    [
        Scope(3, 301, "email", category="billing"),
        Scope(4, 300, "email", category="billing"),
        Scope(3, 300, "sms", category="billing"),
        Scope(3, 300, "email", category="security"),
        Scope(3, 300, "email", workflow="billing"),
    ],
)
def test_a_signature_is_good_for_nothing_else(other: Scope) -> None:
    mine, theirs = (base64.urlsafe_b64decode(token_of(one) + "=" * 3) for one in (BOBS, other))
    moved = base64.urlsafe_b64encode(theirs[:-16] + mine[-16:]).rstrip(b"=").decode()

    assert scope_of(moved) is None


@pytest.mark.parametrize(
    "text", ["", "x", "=", "a" * 64, "é" * 40, "%00", "A" * 5_000, token_of(BOBS)[:-1], token_of(BOBS) + "A",
             token_of(BOBS) + "=", " " + token_of(BOBS), signing.dumps("billing")],
)  # fmt: skip
def test_what_is_no_token_says_nothing(text: str) -> None:
    assert scope_of(text) is None


def test_a_new_key_leaves_old_links_working_while_the_old_one_is_a_fallback(settings: Settings) -> None:
    token = token_of(BOBS)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the-new-key", [settings.SECRET_KEY]
    assert scope_of(token) == BOBS
    assert token_of(BOBS) != token

    settings.SECRET_KEY_FALLBACKS = []

    assert scope_of(token) is None


def test_a_scope_is_a_category_or_a_workflow() -> None:
    with pytest.raises(ValueError, match="name one of them"):
        Scope(1, 1, "email")
    with pytest.raises(ValueError, match="name one of them"):
        Scope(1, 1, "email", category="a", workflow="b")
