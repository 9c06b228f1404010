"""Room on the pages of the rows that change in place, so that PostgreSQL can update them without touching indexes."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def make_room(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("ALTER TABLE notifyhub_notifications_inboxstate SET (fillfactor = 60)")


def take_back(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("ALTER TABLE notifyhub_notifications_inboxstate RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [("notifyhub_notifications", "0001_initial")]

    operations = [migrations.RunPython(make_room, take_back)]
