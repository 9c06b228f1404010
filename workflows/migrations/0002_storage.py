"""Room on the pages of the rows that change in place, so that PostgreSQL can finish a run without touching indexes."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def make_room(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("ALTER TABLE notifyhub_workflows_run SET (fillfactor = 70)")
        editor.execute("ALTER TABLE notifyhub_workflows_cohort SET (fillfactor = 70)")


def take_back(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("ALTER TABLE notifyhub_workflows_run RESET (fillfactor)")
        editor.execute("ALTER TABLE notifyhub_workflows_cohort RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [("notifyhub_workflows", "0001_initial")]

    operations = [migrations.RunPython(make_room, take_back)]
