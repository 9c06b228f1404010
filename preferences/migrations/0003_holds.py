"""Messages that are held, and their words."""

import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifyhub_notifications', '0006_notice_defaults'),
        ('notifyhub_preferences', '0002_what_and_when'),
    ]

    operations = [
        migrations.CreateModel(
            name='HeldWords',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=32, verbose_name='channel')),
                ('workflow', models.CharField(max_length=100, verbose_name='workflow')),
                ('category', models.CharField(blank=True, max_length=100, verbose_name='category')),
                ('by_default', models.BooleanField(null=True)),
                ('origin', models.UUIDField()),
                ('origin_step', models.CharField(max_length=64)),
                ('digest', models.CharField(max_length=64)),
                ('content', models.JSONField()),
                ('letter', models.JSONField()),
                ('skip_if_read', models.BooleanField(default=False)),
                ('about', models.TextField(blank=True)),
                ('expires_at', models.DateTimeField(null=True, verbose_name='expires')),
                ('created_at', models.DateTimeField()),
                ('emptied_at', models.DateTimeField(null=True)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='notifyhub_notifications.tenant')),
            ],
            options={
                'verbose_name': 'held words',
                'verbose_name_plural': 'held words',
                'abstract': False,
                'base_manager_name': 'everything',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everything', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField(verbose_name='held since')),
                ('until', models.DateTimeField(verbose_name='until')),
                ('due_at', models.DateTimeField()),
                ('reason', models.CharField(max_length=64, verbose_name='because')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended')),
                ('ended_as', models.CharField(blank=True, max_length=64, verbose_name='ended as')),
                ('left_as', models.UUIDField(null=True)),
                ('left_with', models.PositiveIntegerField(default=0)),
                ('recipient', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='notifyhub_notifications.recipient')),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='notifyhub_notifications.tenant')),
                ('words', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='notifyhub_preferences.heldwords')),
            ],
            options={
                'verbose_name': 'held message',
                'verbose_name_plural': 'held messages',
                'abstract': False,
                'base_manager_name': 'everything',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everything', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddIndex(
            model_name='heldwords',
            index=models.Index(condition=models.Q(('emptied_at__isnull', True)), fields=['created_at'], name='nh_heldwords_full'),
        ),
        migrations.AddConstraint(
            model_name='heldwords',
            constraint=models.UniqueConstraint(fields=('origin', 'origin_step', 'digest'), name='nh_heldwords_once'),
        ),
        migrations.AddIndex(
            model_name='hold',
            index=models.Index(condition=models.Q(('ended_at__isnull', True)), fields=['tenant', 'due_at'], name='nh_hold_due'),
        ),
        migrations.AddIndex(
            model_name='hold',
            index=models.Index(fields=['recipient', 'id'], name='nh_hold_of_person'),
        ),
        migrations.AddIndex(
            model_name='hold',
            index=models.Index(fields=['words'], name='nh_hold_of_words'),
        ),
    ]
