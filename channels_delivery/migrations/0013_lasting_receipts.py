"""What is told of no delivery and goes after its time is found by an index; STOP and START stay."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifyhub_channels_delivery', '0012_browsers'),
        ('notifyhub_notifications', '0006_notice_defaults'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='receipt',
            index=models.Index(condition=models.Q(('delivery__isnull', True), models.Q(('event__in', ('stopped', 'started')), _negated=True)), fields=['at'], name='nh_receipt_passing'),
        ),
    ]
