"""What a worker's parent loads before it forks, so that a new worker sends at once."""

from __future__ import annotations

from channels_delivery.backends import backends
from channels_delivery.outbound.trust import client_context, kept_context
from notifyhub.celery import _prepare


def test_the_authorities_are_read_before_the_first_fork() -> None:
    kept_context.cache_clear()

    _prepare()

    assert kept_context.cache_info().currsize == 1


def test_what_is_shared_is_not_what_others_may_change() -> None:
    assert kept_context() is kept_context()
    assert client_context() is not kept_context()


def test_a_backend_with_nothing_to_load_is_prepared_too() -> None:
    for backend in backends().values():
        backend.prepare()
