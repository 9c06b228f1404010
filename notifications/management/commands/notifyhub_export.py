"""`manage.py notifyhub_export`: everything that is kept of one person, as JSON on the standard output."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ... import privacy
from ...models import Recipient, Tenant


class Command(BaseCommand):
    help = "Write everything that is kept of one person as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        whose(parser)

    def handle(self, **options: Any) -> None:
        told = privacy.export(person_of(options))
        self.stdout.write(json.dumps(told, indent=2, ensure_ascii=False))


def whose(parser: CommandParser) -> None:
    parser.add_argument("external_id", help="the person's external id; of a mere address mailto:somebody@example.com")
    parser.add_argument("--tenant", required=True, help="the short name of the tenant")


def person_of(options: dict[str, Any]) -> Recipient:
    tenant = Tenant.objects.filter(slug=options["tenant"]).first()
    found = privacy.find(tenant, options["external_id"]) if tenant else None
    if found is None:
        raise CommandError(f"There is nobody called {options['external_id']!r} in the tenant {options['tenant']!r}.")
    return found
