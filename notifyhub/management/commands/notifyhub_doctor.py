"""`manage.py notifyhub_doctor`: what the site needs, and what to do where something is wrong. Exit code 1 if so."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from notifyhub import doctor


class Command(BaseCommand):
    help = "Look at what the site needs (database, keys, broker, channel layer, templates, mail) and say what to do."
    requires_system_checks = []

    def handle(self, **options: Any) -> None:
        bad = 0
        for one in doctor.examine():
            mark = "ok  " if not one.wrong else "note" if one.warning else "BAD "
            self.stdout.write(f"{mark} {one.name}{': ' + one.wrong if one.wrong else ''}")
            if one.wrong:
                self.stdout.write(f"       {one.advice}")
                bad += not one.warning
        if bad:
            raise CommandError(f"{bad} of these have to be put right.")
