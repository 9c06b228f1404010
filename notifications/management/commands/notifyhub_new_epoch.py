"""`manage.py notifyhub_new_epoch`: after restoring a backup, so that every client loads its inbox anew."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from notifications import inbox


class Command(BaseCommand):
    help = "Make every inbox cursor given out so far invalid. Run it after restoring the database from a backup."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{inbox.new_epoch()} inboxes have a new epoch.")
