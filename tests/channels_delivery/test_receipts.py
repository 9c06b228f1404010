"""What is told counts once, also when it is told twice at the same moment."""

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from channels_delivery.callbacks.event import Told
from channels_delivery.models import Channel, Event, Receipt
from channels_delivery.receipts import record
from channels_delivery.suppression import suppressed_among
from notifications.kernel.clock import db_now
from notifications.models import Tenant
from tests.site.processes import wait_until

from .callers import texting

ONE, OTHER = "+4915123456789", "+4915198765432"


def stop(channel: Channel, number: str) -> int:
    return record(channel, [Told(Event.STOPPED, "the same", address=number, suppress=True)], now=db_now())


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_that_bear_one_name_at_once_one_counts(acme: Tenant) -> None:
    channel, counted = texting(acme), list[Any]()

    def call() -> None:
        counted.append(stop(channel, OTHER))
        connection.close()

    late = threading.Thread(target=call)
    with transaction.atomic():
        assert stop(channel, ONE) == 1
        late.start()
        assert wait_until(_somebody_waits, seconds=30)
    late.join(timeout=30)

    assert counted == [0]
    assert Receipt.objects.filter(tenant=acme).count() == 1
    assert suppressed_among("sms", [ONE, OTHER], tenant_id=acme.pk) == {ONE}


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])
