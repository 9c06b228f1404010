"""Whether people who said nothing get what a workflow sends, by channel."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifyhub_notifications', '0005_recipients'),
    ]

    operations = [
        migrations.AddField(
            model_name='noticetype',
            name='defaults',
            field=models.JSONField(blank=True, db_default={}, default=dict, verbose_name='on or off by default, by channel'),
        ),
    ]
