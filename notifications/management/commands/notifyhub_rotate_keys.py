"""`manage.py notifyhub_rotate_keys`: after a new key was put first into NOTIFYHUB_ENCRYPTION_KEYS, so that the old one
can be taken out."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from notifications import rotation


class Command(BaseCommand):
    help = (
        "Write every secret in the database anew with the first of NOTIFYHUB_ENCRYPTION_KEYS. May be run again, and "
        "while everything runs. When it says that nothing is left, the old keys may go."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batch", type=int, default=500, help="rows a transaction (%(default)s)")
        parser.add_argument("--check", action="store_true", help="only count what there is to do")

    def handle(self, *args: Any, batch: int, check: bool, **options: Any) -> None:
        unreadable = 0
        for model, name in rotation.encrypted_fields():
            found = rotation.rotate(model, name, batch=batch, dry=check)
            unreadable += len(found.unreadable)
            done = "to be rotated" if check else "rotated"
            counts = f"{found.old} {done}, {found.current} current, {len(found.unreadable)} unreadable"
            self.stdout.write(f"{model._meta.label}.{name}: {counts}")
            if found.unreadable:
                self.stdout.write(f"  unreadable: {', '.join(map(str, found.unreadable[:20]))}")
        if unreadable:
            raise CommandError(f"No key of the list reads {unreadable} of them: put back the one that wrote them.")
