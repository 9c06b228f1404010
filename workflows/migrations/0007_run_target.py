"""What a run is about."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifyhub_workflows', '0006_silences'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='target',
            field=models.CharField(blank=True, db_default='', default='', max_length=320, verbose_name='object'),
        ),
    ]
