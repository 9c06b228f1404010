"""Topics in topics, conditions of subscriptions, objects that people follow or mute, and mere addresses as recipients."""

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.manager
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifyhub_notifications', '0004_live'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Attention',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('target', models.CharField(max_length=320, verbose_name='object')),
                ('stance', models.CharField(choices=[('follow', 'follows it'), ('mute', 'has muted it')], max_length=8, verbose_name='stance')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='since')),
            ],
            options={
                'verbose_name': 'follow or mute',
                'verbose_name_plural': 'follows and mutes',
                'abstract': False,
                'base_manager_name': 'everything',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('everything', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='Nesting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
            options={
                'verbose_name': 'topic inside',
                'verbose_name_plural': 'topics inside',
            },
        ),
        migrations.AddField(
            model_name='notification',
            name='about',
            field=models.TextField(blank=True, db_default='', default='', editable=False, verbose_name='objects'),
        ),
        migrations.AddField(
            model_name='recipient',
            name='ad_hoc',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name='subscription',
            name='condition',
            field=models.JSONField(blank=True, null=True, verbose_name='condition'),
        ),
        migrations.AddIndex(
            model_name='recipient',
            index=models.Index(models.F('tenant'), django.db.models.functions.text.Lower('email'), condition=models.Q(('email', ''), _negated=True), name='nh_recipient_by_email'),
        ),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(condition=models.Q(('condition__isnull', False)), fields=['topic', 'recipient'], name='nh_subscription_condition'),
        ),
        migrations.AddField(
            model_name='attention',
            name='recipient',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='notifyhub_notifications.recipient'),
        ),
        migrations.AddField(
            model_name='attention',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='notifyhub_notifications.tenant'),
        ),
        migrations.AddField(
            model_name='nesting',
            name='inner',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='notifyhub_notifications.topic', verbose_name='topic inside'),
        ),
        migrations.AddField(
            model_name='nesting',
            name='outer',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='nestings', to='notifyhub_notifications.topic'),
        ),
        migrations.AddIndex(
            model_name='attention',
            index=models.Index(fields=['tenant', 'target', 'stance', 'recipient'], name='nh_attention_by_target'),
        ),
        migrations.AddConstraint(
            model_name='attention',
            constraint=models.UniqueConstraint(fields=('recipient', 'target'), name='nh_attention'),
        ),
        migrations.AddConstraint(
            model_name='nesting',
            constraint=models.UniqueConstraint(fields=('outer', 'inner'), name='nh_nesting'),
        ),
    ]
