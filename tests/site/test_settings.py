"""What the settings promise to every process."""

import zoneinfo
from datetime import datetime

from celery import current_app
from django.conf import settings

from notifyhub.celery import QUEUES, app
from notifyhub.settings.layers import pubsub


def test_zone_rules_come_from_the_wheel_not_from_the_system() -> None:
    rules = zoneinfo.ZoneInfo("America/Vancouver")

    assert zoneinfo.TZPATH == ()
    assert datetime(2026, 1, 15, tzinfo=rules).utcoffset() is not None


def test_our_celery_app_is_the_current_one() -> None:
    assert current_app._get_current_object() is app


def test_tasks_are_acknowledged_late_and_never_carry_results() -> None:
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.task_ignore_result
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.accept_content == ["json"]


def test_workers_keep_their_database_connections_between_tasks() -> None:
    # The key that Celery's Django fixup reads is not in the namespace of the others.
    assert app.conf.get("CELERY_DB_REUSE_MAX") == settings.CELERY_DB_REUSE_MAX


def test_the_queues_are_ours_and_no_other_is_made_up() -> None:
    assert tuple(app.amqp.queues) == QUEUES
    assert app.conf.task_default_queue == "engine"
    assert not app.conf.task_create_missing_queues


def test_sites_with_databases_of_their_own_in_one_redis_do_not_hear_each_other() -> None:
    first, second, unnamed = (
        pubsub(f"redis://redis.example.com{path}")["CONFIG"]["prefix"] for path in ("/0", "/1", "")
    )

    assert first != second
    assert unnamed == first
