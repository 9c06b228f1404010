"""Defaults and locks of tenants, hours and policies of people, and the history of their changes."""

import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifyhub_notifications', '0006_notice_defaults'),
        ('notifyhub_preferences', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Habits',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quiet_hours', models.JSONField(blank=True, null=True, verbose_name='quiet hours')),
                ('send_windows', models.JSONField(blank=True, null=True, verbose_name='send windows')),
                ('frequencies', models.JSONField(blank=True, null=True, verbose_name='how often, by category')),
                ('digest_at', models.CharField(blank=True, max_length=5, verbose_name='hour of digests')),
                ('digest_day', models.SmallIntegerField(blank=True, choices=[(1, 'Monday'), (2, 'Tuesday'), (3, 'Wednesday'), (4, 'Thursday'), (5, 'Friday'), (6, 'Saturday'), (7, 'Sunday')], null=True, verbose_name='day of weekly digests')),
                ('summaries', models.BooleanField(blank=True, null=True, verbose_name='one summary of what was held')),
                ('snooze_until', models.DateTimeField(blank=True, null=True, verbose_name='do not disturb until')),
                ('policies', models.JSONField(blank=True, default=dict, verbose_name='in an escalation')),
                ('changed_at', models.DateTimeField(auto_now=True)),
                ('recipient', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='notifyhub_notifications.recipient', verbose_name='recipient')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='notifyhub_notifications.tenant')),
            ],
            options={
                'verbose_name': 'habits of a person',
                'verbose_name_plural': 'habits of people',
                'abstract': False,
                'base_manager_name': 'everything',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everything', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Change',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='when')),
                ('by', models.CharField(max_length=200, verbose_name='by')),
                ('via', models.CharField(choices=[('api', 'the API'), ('page', 'the settings page'), ('link', 'an unsubscribe link'), ('admin', 'the admin'), ('host', 'the host')], max_length=8, verbose_name='by way of')),
                ('address', models.GenericIPAddressField(blank=True, null=True, verbose_name='from')),
                ('said', models.JSONField(default=list, verbose_name='what')),
                ('recipient', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='notifyhub_notifications.recipient')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='notifyhub_notifications.tenant')),
            ],
            options={
                'verbose_name': 'change of preferences',
                'verbose_name_plural': 'history of preferences',
                'abstract': False,
                'base_manager_name': 'everything',
                'indexes': [models.Index(fields=['recipient', '-id'], name='nh_change_of_person')],
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everything', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='TenantChoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(blank=True, max_length=32, verbose_name='channel')),
                ('category', models.CharField(blank=True, max_length=100, verbose_name='category')),
                ('workflow', models.CharField(blank=True, max_length=100, verbose_name='workflow')),
                ('wanted', models.BooleanField(verbose_name='on')),
                ('locked', models.BooleanField(default=False, verbose_name='locked')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='why')),
                ('changed_at', models.DateTimeField(auto_now=True)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='notifyhub_notifications.tenant')),
            ],
            options={
                'verbose_name': 'default or lock',
                'verbose_name_plural': 'defaults and locks',
                'abstract': False,
                'base_manager_name': 'everything',
                'constraints': [models.UniqueConstraint(fields=('tenant', 'kind', 'category', 'workflow', 'locked'), name='nh_tenant_choice'), models.CheckConstraint(condition=models.Q(('category', ''), ('workflow', ''), _connector='OR'), name='nh_tenant_choice_one_width')],
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everything', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='TenantHabits',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quiet_hours', models.JSONField(blank=True, null=True, verbose_name='quiet hours')),
                ('send_windows', models.JSONField(blank=True, null=True, verbose_name='send windows')),
                ('frequencies', models.JSONField(blank=True, null=True, verbose_name='how often, by category')),
                ('digest_at', models.CharField(blank=True, max_length=5, verbose_name='hour of digests')),
                ('digest_day', models.SmallIntegerField(blank=True, choices=[(1, 'Monday'), (2, 'Tuesday'), (3, 'Wednesday'), (4, 'Thursday'), (5, 'Friday'), (6, 'Saturday'), (7, 'Sunday')], null=True, verbose_name='day of weekly digests')),
                ('summaries', models.BooleanField(blank=True, null=True, verbose_name='one summary of what was held')),
                ('changed_at', models.DateTimeField(auto_now=True)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='notifyhub_notifications.tenant')),
            ],
            options={
                'verbose_name': 'default hours of a tenant',
                'verbose_name_plural': 'default hours of tenants',
                'abstract': False,
                'base_manager_name': 'everything',
                'constraints': [models.UniqueConstraint(fields=('tenant',), name='nh_tenant_habits')],
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everything', django.db.models.manager.Manager()),
            ],
        ),
    ]
