"""`manage.py notifyhub_vapid`: keys for web push."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from channels_delivery.conf import conf
from channels_delivery.push.vapid import NoKey, fresh_pair, identity_of


class Command(BaseCommand):
    help = (
        "Make a pair of VAPID keys for web push. Keep the private one secret, and keep it: browsers that subscribed "
        "with a pair take nothing that another one signed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--show", action="store_true", help="print the public key in use instead")

    def handle(self, *args: Any, show: bool, **options: Any) -> None:
        given = conf()
        if show:
            try:
                self.stdout.write(identity_of(given.vapid_private_key, given.vapid_subject).public)
            except NoKey as error:
                raise CommandError(str(error)) from error
            return
        pair = fresh_pair()
        self.stdout.write(f"NOTIFYHUB_VAPID_PRIVATE_KEY={pair.private}")
        self.stdout.write("NOTIFYHUB_VAPID_SUBJECT=mailto:you@example.com")
        self.stderr.write(f"# The public key is {pair.public}; browsers ask the site for it.")
        if given.vapid_private_key:
            self.stderr.write("# This site has a key already: with another one, every device must subscribe again.")
