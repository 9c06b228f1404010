"""`manage.py notifyhub_demo`: the demo data of `make run`, for a site with processes of its own."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from notifyhub import demo


class Command(BaseCommand):
    help = "Fill in two companies with people, a past and an API key, and print everybody's password."

    def handle(self, **options: Any) -> None:
        if settings.SECURE_SSL_REDIRECT:
            raise CommandError("This site is public (PUBLIC_URL is https): people with a known password stay out.")
        for line in demo.fill().lines():
            self.stdout.write(line)
