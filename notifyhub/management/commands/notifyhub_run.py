"""`manage.py notifyhub_run`: the hub in one process, filled with demo data. `make run` calls it."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from notifyhub import demo, embedded


class Command(BaseCommand):
    help = "Run web server, worker and scheduler in one process on SQLite, with demo data."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--fresh", action="store_true", help="throw the demo database away first")
        parser.add_argument("--no-demo", action="store_true", help="fill in no demo data")

    def handle(self, *, host: str, port: int, fresh: bool, no_demo: bool, **options: Any) -> None:
        if not settings.CELERY_BROKER_URL.startswith("memory:"):
            raise CommandError(
                "notifyhub_run is the embedded mode: unset DATABASE_URL (and DJANGO_SETTINGS_MODULE), or use `make up`."
            )
        try:
            listener = embedded.listen(host, port)
        except embedded.PortTaken as error:
            raise CommandError(
                f"Cannot listen on {host}:{port} ({error}). Stop what runs there, or choose another port: "
                f"make run PORT={port + 1}"
            ) from error
        if fresh:
            _forget()
        call_command("migrate", verbosity=0)
        if origin := embedded.own_origin(host, port):
            embedded.at_home(origin)
        people = None if no_demo else demo.fill(origin=origin)
        embedded.serve(listener, on_ready=lambda: self.stdout.write(_welcome(f"http://{host}:{port}", people)))
        self.stdout.write("Stopped. The data stays; `make run` goes on where it was.")


def _forget() -> None:
    database = Path(settings.DATABASES["default"]["NAME"])
    for suffix in ("", "-wal", "-shm", "-journal"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)


def _welcome(address: str, people: demo.Demo | None) -> str:
    no_demo = ["No demo data; make a first user with: manage.py createsuperuser"]
    return "\n".join(
        [
            "",
            f"notifyhub is ready: {address}/",
            "",
            *(people.lines() if people else no_demo),
            "",
            f"Playground  {address}/playground/",
            f"Mailbox     {address}/mailbox/",
            f"Webhooks    {address}/catcher/",
            f"Chats       {address}/chats/",
            f"Pushes      {address}/pushes/",
            f"API docs    {address}/api/docs/",
            f"Admin       {address}/admin/",
            "",
            "Ctrl-C stops everything.",
            "",
        ]
    )
