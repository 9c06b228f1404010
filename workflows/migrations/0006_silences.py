"""Silences and inhibitions, and the index by which the causes of inhibitions are found."""


import django.db.models.deletion
import django.db.models.manager
import notifications.kernel.tokens
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifyhub_notifications', '0004_live'),
        ('notifyhub_workflows', '0005_dynamic_workflows'),
    ]

    operations = [
        migrations.CreateModel(
            name='Silence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=notifications.kernel.tokens.uuid7, editable=False, unique=True)),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('owner', models.CharField(blank=True, max_length=200, verbose_name='owner')),
                ('reason', models.TextField(verbose_name='reason')),
                ('matcher', models.JSONField(verbose_name='what is not sent')),
                ('while_active', models.JSONField(null=True, verbose_name='while such a run is active')),
                ('calendar', models.JSONField(null=True, verbose_name='calendar')),
                ('starts_at', models.DateTimeField(verbose_name='starts')),
                ('ends_at', models.DateTimeField(null=True, verbose_name='ends')),
                ('expired_at', models.DateTimeField(null=True, verbose_name='ended before time')),
                ('expired_by', models.CharField(blank=True, max_length=200, verbose_name='ended by')),
                ('created_by', models.CharField(blank=True, max_length=200, verbose_name='created by')),
                ('created_at', models.DateTimeField(verbose_name='created')),
            ],
            options={
                'verbose_name': 'silence',
                'verbose_name_plural': 'silences',
                'abstract': False,
                'base_manager_name': 'everything',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everything', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['tenant', 'workflow', 'start_at'], name='nh_run_of_workflow'),
        ),
        migrations.AddField(
            model_name='silence',
            name='replaces',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='notifyhub_workflows.silence', verbose_name='replaces'),
        ),
        migrations.AddField(
            model_name='silence',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='notifyhub_notifications.tenant'),
        ),
        migrations.AddIndex(
            model_name='silence',
            index=models.Index(condition=models.Q(('expired_at__isnull', True)), fields=['tenant', 'ends_at'], name='nh_silence_open'),
        ),
    ]
