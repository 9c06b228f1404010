"""What a message speaks of, so that the gate can ask whether its people may still see it."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifyhub_channels_delivery', '0006_leases'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='about',
            field=models.TextField(blank=True, db_default='', default='', editable=False, verbose_name='objects'),
        ),
    ]
