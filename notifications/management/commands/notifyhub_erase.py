"""`manage.py notifyhub_erase`: erase what is kept of one person, and cancel what waits for them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ... import privacy
from ...kernel.clock import db_now
from .notifyhub_export import person_of, whose


class Command(BaseCommand):
    help = "Erase what is kept of one person. There is no way back; write an export first if you need one."

    def add_arguments(self, parser: CommandParser) -> None:
        whose(parser)

    def handle(self, **options: Any) -> None:
        done = privacy.erase(person_of(options), now=db_now())
        for name, count in done.rows.items():
            self.stdout.write(f"{name}: {count}")
        self.stdout.write(f"They are called {done.recipient} from now on.")
