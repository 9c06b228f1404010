"""`manage.py notifyhub_workflows`: which workflows there are and what is wrong with them; and as files, for git."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from notifications.kernel.clock import db_now
from notifications.models import Tenant
from workflows import folder, listing, registry
from workflows.dynamic import inspect
from workflows.refusals import Refused
from workflows.taking_up import take_up
from workflows.trigger import find_tenant


class Command(BaseCommand):
    help = (
        "List the workflows of a tenant with their origin, status and problems. With --export, --import or --check: "
        "its own workflows, templates, layouts and snippets as files of a folder."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", help="its short name; may be left out where there is only one")
        verb = parser.add_mutually_exclusive_group()
        verb.add_argument("--export", type=Path, metavar="DIR", help="write the files")
        verb.add_argument("--import", type=Path, metavar="DIR", dest="take_up", help="create and change what they say")
        verb.add_argument("--check", type=Path, metavar="DIR", help="exit with 1 where files and tenant do not agree")
        parser.add_argument("--dry-run", action="store_true", help="with --import: say what would be done, and stop")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["take_up"]:
                self._import(find_tenant(options["tenant"]), options["take_up"], dry_run=options["dry_run"])
            elif options["check"]:
                self._check(find_tenant(options["tenant"]), options["check"])
            elif options["export"]:
                self._export(find_tenant(options["tenant"]), options["export"])
            else:
                self._list(find_tenant(options["tenant"]) if options["tenant"] or _one_tenant() else None)
        except Refused as refused:
            raise CommandError(refused.detail) from refused
        except folder.FileProblem as problem:
            raise CommandError(str(problem)) from problem

    def _list(self, tenant: Tenant | None) -> None:
        listed = listing.workflows_of(tenant) if tenant else listing.static_workflows()
        for one in listed:
            further = {"changed since": one.changed, "overridden": one.overridden}
            said = [one.origin, one.status, *(words for words, holds in further.items() if holds)]
            self.stdout.write(f"{one.key}  {', '.join(said)}")
            if tenant and one.origin == listing.DYNAMIC:
                found = inspect(one.design, key=one.key, tenant=tenant)
                problems = [*one.problems, *(flaw.message for flaw in found.errors)]
                self._tell(problems, [f"{flaw.where}: {flaw.message}" for flaw in found.warnings])
        for problem in registry.problems():
            self.stdout.write(f"{problem.subject}  {listing.STATIC}, refused")
            self._tell([problem.message], [])
        stats = registry.stats()
        own = len([one for one in listed if one.origin == listing.DYNAMIC])
        self.stdout.write(f"{stats.workflows} static, {own} dynamic; {stats.problems} static ones with problems.")

    def _tell(self, problems: list[str], warnings: list[str]) -> None:
        for line in problems:
            self.stdout.write(f"    problem: {line}")
        for line in warnings:
            self.stdout.write(f"    warning: {line}")

    def _export(self, tenant: Tenant, path: Path) -> None:
        changed = folder.write(path, folder.folder_of(tenant))
        for name in changed:
            self.stdout.write(name)
        self.stdout.write(f"{len(changed)} files changed.")

    def _import(self, tenant: Tenant, path: Path, *, dry_run: bool) -> None:
        found = take_up(tenant, folder.read(path), now=db_now(), by="notifyhub_workflows --import", dry_run=dry_run)
        if found.problems:
            raise CommandError("\n".join(["Nothing was written:", *found.problems]))
        for line in found.done:
            self.stdout.write(line)
        self.stdout.write("Nothing was written: a dry run." if dry_run else f"{len(found.done)} changes.")

    def _check(self, tenant: Tenant, path: Path) -> None:
        found = folder.differences(folder.read(path), folder.folder_of(tenant))
        if found:
            raise CommandError("\n".join([*found, "Import the files, or export the tenant."]))
        self.stdout.write("Files and tenant agree.")


def _one_tenant() -> bool:
    return Tenant.objects.filter(active=True).count() == 1
