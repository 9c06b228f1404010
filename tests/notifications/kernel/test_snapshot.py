"""What is read together belongs together."""

import threading

import pytest
from django.db import DatabaseError, connection, transaction

from notifications.kernel.snapshot import one_moment
from notifications.models import Tenant

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def elsewhere(name: str) -> None:
    """Another connection commits a tenant."""

    def write() -> None:
        Tenant.objects.create(slug=name, name=name)
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()


def test_what_commits_meanwhile_is_not_seen_until_after() -> None:
    with one_moment():
        assert Tenant.objects.count() == 0
        elsewhere("meanwhile")
        assert Tenant.objects.count() == 0

    assert Tenant.objects.count() == 1


def test_nothing_is_written_within() -> None:
    with pytest.raises(DatabaseError), one_moment():
        Tenant.objects.create(slug="no", name="No")


def test_in_a_transaction_of_the_callers_it_changes_nothing() -> None:
    with transaction.atomic():
        Tenant.objects.create(slug="mine", name="Mine")
        with one_moment():
            assert Tenant.objects.count() == 1

    assert Tenant.objects.count() == 1
