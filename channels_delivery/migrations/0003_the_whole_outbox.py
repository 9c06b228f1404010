import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.manager
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifyhub_channels_delivery', '0002_storage'),
        ('notifyhub_notifications', '0002_storage'),
    ]

    operations = [
        migrations.CreateModel(
            name='Suppression',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=32, verbose_name='kind')),
                ('digest', models.CharField(max_length=64, verbose_name='hash of the address')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='reason')),
                ('created_at', models.DateTimeField(verbose_name='since')),
            ],
            options={
                'verbose_name': 'suppressed address',
                'verbose_name_plural': 'suppressed addresses',
                'abstract': False,
                'base_manager_name': 'everything',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everything', django.db.models.manager.Manager()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='delivery',
            name='nh_delivery_once',
        ),
        migrations.RemoveIndex(
            model_name='delivery',
            name='nh_delivery_expiring',
        ),
        migrations.AddField(
            model_name='channel',
            name='failing_since',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='channel',
            name='strikes',
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='channel',
            name='struck_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='message',
            name='emptied_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='tenant',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='notifyhub_notifications.tenant'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('expires_at__isnull', False), ('state', 'pending')), fields=['expires_at'], name='nh_delivery_expiring'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('channel__isnull', False)), fields=['channel', 'id'], name='nh_delivery_of_channel'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state__in', ('dead', 'failed', 'expired', 'cancelled'))), fields=['tenant', 'state', 'id'], name='nh_delivery_bad'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state__in', ('pending', 'sending', 'dead', 'failed', 'expired', 'cancelled'))), fields=['message'], name='nh_delivery_of_message'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('emptied_at__isnull', True)), fields=['created_at'], name='nh_message_full'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('emptied_at__isnull', False)), fields=['emptied_at'], name='nh_message_emptied'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(models.F('origin'), models.F('origin_step'), django.db.models.functions.comparison.Coalesce('recipient_id', 0), models.F('address'), django.db.models.functions.comparison.Coalesce('replay_of_id', 0), condition=models.Q(('origin__isnull', False)), name='nh_delivery_once'),
        ),
        migrations.AddField(
            model_name='suppression',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='notifyhub_notifications.tenant'),
        ),
        migrations.AddConstraint(
            model_name='suppression',
            constraint=models.UniqueConstraint(fields=('digest', 'tenant', 'kind'), name='nh_suppression'),
        ),
    ]
