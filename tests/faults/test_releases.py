"""Releases under fire: workers killed in the middle of one, cancels beside it; nothing is lost and nothing doubled."""

import threading
import time
from collections import Counter
from typing import Any

import pytest
from django.db import connection

from channels_delivery.models import Delivery
from notifications.kernel.clock import db_now
from notifications.models import Tenant
from preferences import holding
from preferences.models import Hold, TenantHabits
from tests.cast import Publish, crowd, run_named, workflow
from workflows import engine, releasing
from workflows.define import send_email
from workflows.models import Run
from workflows.retract import cancel
from workflows.trigger import trigger

from .rig import chance, rounds, wait_for, workers

pytestmark = [pytest.mark.postgres, pytest.mark.faults, pytest.mark.django_db(transaction=True)]
ALWAYS = [{"start": "00:00", "end": "24:00"}]


@pytest.fixture(autouse=True)
def mail(publish: Publish) -> None:
    publish(workflow("t.mail", send_email(title="Mail")))


def held(tenant: Tenant, *, runs: int) -> list[Run]:
    """Everybody is told so often while they sleep; then all of it is due."""
    TenantHabits.objects.create(tenant=tenant, quiet_hours=ALWAYS)
    names = [trigger("t.mail", tenant=tenant, recipients=[{"everyone": True}]).transaction_id for _ in range(runs)]
    engine.drain()
    TenantHabits.objects.filter(tenant=tenant).delete()
    return [run_named(name) for name in names]


def open_ones() -> Any:
    return Hold.objects.across_tenants().filter(ended_at__isnull=True)


def deliveries(tenant: Tenant) -> Counter[int | None]:
    return Counter(Delivery.objects.filter(tenant=tenant).values_list("recipient", flat=True))


def test_workers_killed_during_a_release(acme: Tenant) -> None:
    people = crowd(acme, 1_200, email="a@example.com")
    with chance("releases") as moments:
        for turn in range(1, rounds(few=1, soak=10) + 1):
            held(acme, runs=2)
            holding.look_again_at_all(acme.pk, now=db_now())
            for _ in range(2):
                with workers(2):
                    time.sleep(moments.uniform(0, 0.3))  # not a wait: the moment of the blow
            with workers(2):
                wait_for(lambda: not open_ones().exists())

            assert deliveries(acme) == dict.fromkeys((one.pk for one in people), turn)
            assert set(Hold.objects.filter(tenant=acme).values_list("ended_as", "left_with")) == {("summary", 1)}


def test_a_cancel_beside_a_release_leaves_nothing_to_be_sent(acme: Tenant) -> None:
    people = crowd(acme, 40, email="a@example.com")
    with chance("cancel beside a release") as moments:
        for _ in range(rounds(few=5, soak=200)):
            (run,) = held(acme, runs=1)
            holding.look_again_at_all(acme.pk, now=db_now())
            release = threading.Thread(
                target=lambda: (releasing.release_all(tenant=acme.pk, clock=db_now), connection.close())
            )
            release.start()
            time.sleep(moments.uniform(0, 0.05))  # not a wait: the moment of the cancel
            answer = cancel(run.transaction_id, tenant=acme)
            release.join()

            left = Delivery.objects.filter(tenant=acme, origin=run.public_id)
            assert not left.filter(state="pending").exists()
            assert not open_ones().exists()
            assert answer.deliveries_cancelled + answer.deliveries_too_late == len(people)
