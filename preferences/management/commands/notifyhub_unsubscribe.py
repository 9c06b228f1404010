"""`manage.py notifyhub_unsubscribe`: unsubscribe whoever sent the mail that comes in on the standard input.

For the mailbox of `PREFERENCES["UNSUBSCRIBE_MAILTO"]`: the mail server gives each mail to this command (a pipe in an
alias), whose subject is the token of a link. Only the token counts; who sent the mail proves nothing.
"""

from __future__ import annotations

import sys
from email import message_from_bytes, policy
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from notifications.kernel.clock import db_now

from ...changing import By
from ...models import Via
from ...unsubscribe import acting
from ...unsubscribe.tokens import LONGEST, scope_of

HEADER_BYTES = 64 * 1024


class Command(BaseCommand):
    help = "Unsubscribe by the mail on the standard input: its subject is the token of an unsubscribe link."
    stealth_options = ("stdin",)
    """For `call_command()`: a binary file, instead of the standard input."""

    def handle(self, **options: Any) -> None:
        token = token_in((options.get("stdin") or sys.stdin.buffer).read(HEADER_BYTES))
        scope = scope_of(token)
        person = acting.person_of(scope) if scope else None
        if scope is None or person is None:
            raise CommandError("The subject of this mail is no token of an unsubscribe link. Nothing was changed.")
        try:
            acting.turn_off(person, scope.named, by=By("mail to unsubscribe", Via.LINK), now=db_now())
        except acting.TooMany as many:
            raise CommandError("Too many changes in an hour. Nothing was changed.") from many
        self.stdout.write("Unsubscribed.")


def token_in(mail: bytes) -> str:
    """The last word of the subject, so that a prefix such as "Re:" does no harm."""
    subject = str(message_from_bytes(mail, policy=policy.default).get("Subject", ""))
    return (subject.split() or [""])[-1][:LONGEST]
