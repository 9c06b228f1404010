from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifyhub_channels_delivery', '0003_the_whole_outbox'),
        ('notifyhub_notifications', '0003_subscription_index'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('replay_of__isnull', False)), fields=['replay_of'], name='nh_delivery_replay'),
        ),
    ]
