"""`manage.py notifyhub_rotate_keys`: after a new key was put first into NOTIFYHUB_ENCRYPTION_KEYS, so that the old one
can be taken out."""

from __future__ import annotations

from collections import Counter
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
        parser.add_argument(
            "--dry-run", "--check", dest="dry", action="store_true", help="only count what there is to do"
        )

    def handle(self, *args: Any, batch: int, dry: bool, **options: Any) -> None:
        unreadable, by_key = 0, Counter[str]()
        for place in rotation.places():
            found = rotation.rotate(place, batch=batch, dry=dry)
            by_key.update(found.by_key)
            unreadable += len(found.unreadable)
            done = "to be rotated" if dry else "rotated"
            counts = f"{found.old} {done}, {found.current} current, {len(found.unreadable)} unreadable"
            self.stdout.write(f"{place.label}: {counts}")
            if found.unreadable:
                self.stdout.write(f"  unreadable: {', '.join(map(str, found.unreadable[:20]))}")
        self._tell_keys(by_key)
        if unreadable:
            raise CommandError(f"No key of the list reads {unreadable} of them: put back the one that wrote them.")

    def _tell_keys(self, by_key: Counter[str]) -> None:
        """Each key by its id, and whether anything is still written with it."""
        for place, key in enumerate(rotation.key_ids()):
            role = "writes" if place == 0 else "in use" if by_key[key] else "may go"
            self.stdout.write(f"key {key}: {by_key[key]} secrets, {role}")
