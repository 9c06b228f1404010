"""Unsubscribing by mail: the subject is the permission, and the sender is nobody."""

import io

import pytest
from django.core.management import CommandError, call_command

from notifications.models import Recipient
from preferences.management.commands.notifyhub_unsubscribe import token_in
from preferences.unsubscribe.scope import Scope
from preferences.unsubscribe.tokens import token_of

from .moves import chosen


def receive(subject: str) -> str:
    mail = f"From: somebody@example.com\r\nSubject: {subject}\r\n\r\nplease\r\n".encode()
    said = io.StringIO()
    call_command("notifyhub_unsubscribe", stdin=io.BytesIO(mail), stdout=said)
    return said.getvalue()


def test_a_mail_with_a_token_unsubscribes(of_bob: Scope, bob: Recipient) -> None:
    assert receive(token_of(of_bob)) == "Unsubscribed.\n"

    assert chosen(bob) == {("", "billing", "email"): False}


def test_one_without_changes_nothing_and_says_so(
    of_bob: Scope, bob: Recipient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CommandError, match="no token"):
        receive("unsubscribe me please")

    assert chosen(bob) == {}


@pytest.mark.parametrize(
    ("subject", "token"),
    [("Subject: abc", "abc"), ("Subject: Re: abc", "abc"), ("Subject: a\r\n b", "b"), ("X: y", "")],
)
def test_the_token_is_the_last_word_of_the_subject(subject: str, token: str) -> None:
    assert token_in(f"{subject}\r\n\r\nSubject: other".encode()) == token
