"""What a claim took is told by a row of its own, and no index names the state of a delivery: then PostgreSQL puts a lease
on a delivery in place, without writing its indexes anew.

The table of deliveries is written anew for the new column: on a large one, in a quiet hour.
"""

from collections import defaultdict
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

ROOM = {"delivery": 60, "attempt": 80, "lane": 50}
BEFORE = {"delivery": 80, "attempt": 80, "lane": 50}
BADLY = ("dead", "failed", "expired", "cancelled")


def make_room(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        for table, percent in ROOM.items():
            editor.execute(f"ALTER TABLE notifyhub_channels_delivery_{table} SET (fillfactor = {percent})")


def take_back(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        for table, percent in BEFORE.items():
            editor.execute(f"ALTER TABLE notifyhub_channels_delivery_{table} SET (fillfactor = {percent})")


def note_leases(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """For what is under way while this runs."""
    delivery = apps.get_model("notifyhub_channels_delivery", "Delivery")
    lease = apps.get_model("notifyhub_channels_delivery", "Lease")
    held = defaultdict(list)
    sending = delivery._base_manager.filter(state="sending", lease_token__isnull=False)
    for token, until, row in sending.values_list("lease_token", "lease_until", "pk"):
        held[token, until].append(row)
    lease.objects.bulk_create(lease(token=token, until=until, deliveries=rows) for (token, until), rows in held.items())


class Migration(migrations.Migration):
    dependencies = [("notifyhub_channels_delivery", "0005_message_index")]

    operations = [
        migrations.CreateModel(
            name="Lease",
            fields=[
                ("token", models.UUIDField(primary_key=True, serialize=False)),
                ("until", models.DateTimeField()),
                ("deliveries", models.JSONField()),
            ],
            options={
                "verbose_name": "lease",
                "verbose_name_plural": "leases",
                "indexes": [models.Index(fields=["until"], name="nh_lease_until")],
            },
        ),
        migrations.RunPython(note_leases, migrations.RunPython.noop),
        migrations.RemoveIndex(model_name="delivery", name="nh_delivery_due"),
        migrations.RemoveIndex(model_name="delivery", name="nh_delivery_leased"),
        migrations.RemoveIndex(model_name="delivery", name="nh_delivery_expiring"),
        migrations.RemoveIndex(model_name="delivery", name="nh_delivery_bad"),
        migrations.AddField(
            model_name="delivery",
            name="ended_badly",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(models.When(state__in=BADLY, then=models.F("state"))),
                output_field=models.CharField(max_length=16, null=True),
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                fields=["lane", "due_at", "id"], condition=models.Q(finished_at__isnull=True), name="nh_delivery_due"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                fields=["expires_at"],
                condition=models.Q(finished_at__isnull=True, expires_at__isnull=False),
                name="nh_delivery_expiring",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                fields=["tenant", "ended_badly", "id"],
                condition=models.Q(ended_badly__isnull=False),
                name="nh_delivery_bad",
            ),
        ),
        migrations.RunPython(make_room, take_back),
    ]
