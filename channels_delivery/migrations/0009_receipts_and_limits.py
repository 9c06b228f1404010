"""What providers tell later, and what is counted against limits."""

import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifyhub_channels_delivery', '0008_channel_position'),
        ('notifyhub_notifications', '0005_recipients'),
    ]

    operations = [
        migrations.CreateModel(
            name='Receipt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(choices=[('sent', 'on its way'), ('delivered', 'delivered'), ('failed', 'not delivered'), ('bounced', 'no such address'), ('complained', 'complained of'), ('stopped', 'wants no more'), ('started', 'wants it again')], max_length=16, verbose_name='event')),
                ('provider_id', models.CharField(blank=True, max_length=100, verbose_name='id of the provider')),
                ('detail', models.CharField(blank=True, max_length=300, verbose_name='detail')),
                ('digest', models.CharField(max_length=64)),
                ('at', models.DateTimeField(verbose_name='told')),
                ('channel', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='notifyhub_channels_delivery.channel')),
                ('delivery', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='notifyhub_channels_delivery.delivery')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='notifyhub_notifications.tenant')),
            ],
            options={
                'verbose_name': 'receipt',
                'verbose_name_plural': 'receipts',
                'abstract': False,
                'base_manager_name': 'everything',
                'indexes': [models.Index(condition=models.Q(('delivery__isnull', False)), fields=['delivery', 'id'], name='nh_receipt_of_delivery')],
                'constraints': [models.UniqueConstraint(fields=('digest', 'tenant'), name='nh_receipt_once')],
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everything', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Spending',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64)),
                ('amount', models.PositiveIntegerField(default=0)),
                ('until', models.DateTimeField()),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='notifyhub_notifications.tenant')),
            ],
            options={
                'verbose_name': 'spending',
                'verbose_name_plural': 'spendings',
                'abstract': False,
                'base_manager_name': 'everything',
                'indexes': [models.Index(fields=['until'], name='nh_spending_until')],
                'constraints': [models.UniqueConstraint(fields=('tenant', 'digest'), name='nh_spending')],
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everything', django.db.models.manager.Manager()),
            ],
        ),
    ]
