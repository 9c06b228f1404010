"""By which workflows a run came."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifyhub_workflows', '0009_defaults'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='chain',
            field=models.TextField(blank=True, db_default='', default=''),
        ),
    ]
