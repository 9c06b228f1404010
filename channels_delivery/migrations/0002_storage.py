"""Room on the pages of the rows that change in place, so that PostgreSQL need not touch their indexes each time."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

ROOM = {"delivery": 80, "attempt": 80, "lane": 50}


def make_room(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        for name, filled in ROOM.items():
            editor.execute(f"ALTER TABLE notifyhub_channels_delivery_{name} SET (fillfactor = {filled})")


def take_back(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        for name in ROOM:
            editor.execute(f"ALTER TABLE notifyhub_channels_delivery_{name} RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [("notifyhub_channels_delivery", "0001_initial")]

    operations = [migrations.RunPython(make_room, take_back)]
