"""Whether people who said nothing get what a workflow sends, by channel."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifyhub_workflows', '0008_windows'),
    ]

    operations = [
        migrations.AddField(
            model_name='workflow',
            name='defaults',
            field=models.JSONField(blank=True, db_default={}, default=dict, verbose_name='on or off by default, by channel'),
        ),
    ]
