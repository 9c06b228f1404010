"""The unique pair of a subscription serves its topic as well: the second index only slowed joining and leaving."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifyhub_notifications", "0002_storage")]

    operations = [
        migrations.AlterField(
            model_name="subscription",
            name="topic",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="subscriptions",
                to="notifyhub_notifications.topic",
            ),
        ),
    ]
