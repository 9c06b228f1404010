"""The statements of the outbox that must not slow down as its tables grow use the index that was made for them:
20,000 lanes, 60,000 deliveries that have ended, some hundreds that have not."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from channels_delivery import outbox, retention, sweeps
from channels_delivery.claim import Room, claim
from channels_delivery.following import tracks_of
from channels_delivery.log import Filters, deliveries_of
from channels_delivery.models import Delivery
from channels_delivery.outcome import Delivered
from channels_delivery.retry import QUICK
from channels_delivery.settle import Result
from channels_delivery.suppression import reasons
from channels_delivery.turn import turn
from notifications.kernel.clock import db_now
from notifications.models import Tenant
from tests.cast import statements

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
APP = "notifyhub_channels_delivery_"
ORIGIN = UUID(int=42)
LANES, ENDED = 20_000, 60_000
LEASE = timedelta(seconds=40)


def execute(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


@pytest.fixture
def old(acme: Tenant, globex: Tenant) -> Tenant:
    """A tenant with a past, among others."""
    execute("SET LOCAL synchronous_commit = off")
    execute(
        f"INSERT INTO {APP}lane (tenant_id, key, urgency, cap, in_flight, tokens, ready_at, failures, history, results,"
        " breaker, probe_after) SELECT %s, 'way ' || n, 1, 8, 0, 0,"
        " CASE WHEN n %% 2000 = 1 THEN now() - interval '1 hour' END, 0, 0, 0, 'closed', 30"
        " FROM generate_series(1, %s) n",
        acme.pk,
        LANES,
    )
    execute(
        f"INSERT INTO {APP}message (tenant_id, kind, notice_key, parts, attachments, created_at, emptied_at)"
        " SELECT %s, 'webhook', 'k', '{}', '[]', now() - interval '1 day' * (n %% 90),"
        " CASE WHEN n %% 90 > 6 THEN now() - interval '1 day' END FROM generate_series(1, 20000) n",
        acme.pk,
    )
    execute(
        f"INSERT INTO {APP}delivery (tenant_id, public_id, stable_id, message_id, lane_id, channel_id, recipient_id,"
        " kind, address, slots, origin, origin_step, state, wait_reason, due_at, expires_at, decided_at, created_at,"
        " attempt, lost, lease_token, lease_until, revoked, code, finished_at)"
        " SELECT CASE WHEN n %% 700 = 2 THEN %s ELSE %s END, (lpad(to_hex(floor(extract(epoch FROM"
        " now() - interval '1 day' * (90 - n * 90 / %s)) * 1000)::bigint), 12, '0') || substr(md5(n::text), 13))::uuid,"
        f" gen_random_uuid(), (SELECT min(id) FROM {APP}message) + n %% 20000,"
        f" (SELECT min(id) FROM {APP}lane) + n %% %s, n %% 50, n, 'webhook', 'a', '{{}}',"
        " CASE WHEN n %% 40000 = 7 THEN %s::uuid ELSE gen_random_uuid() END, 'send',"
        " CASE WHEN n %% 500 = 0 THEN 'pending' WHEN n %% 500 = 1 THEN 'sending' WHEN n %% 100 = 2 THEN 'dead'"
        " ELSE 'delivered' END, '', now() - interval '1 hour', now() + interval '1 day', now(),"
        " now() - interval '1 day' * (90 - n * 90 / %s), 1, 0,"
        " CASE WHEN n %% 500 = 1 THEN md5((n / 5000)::text)::uuid END, now() - interval '1 minute', false, '',"
        " CASE WHEN n %% 500 > 1 THEN now() - interval '1 hour' END"
        " FROM generate_series(1, %s) n",
        acme.pk,
        globex.pk,  # has most of it
        ENDED,
        LANES,
        str(ORIGIN),
        ENDED,
        ENDED,
    )
    execute(
        f"INSERT INTO {APP}lease (token, until, deliveries) SELECT lease_token, max(lease_until), jsonb_agg(id)"
        f" FROM {APP}delivery WHERE state = 'sending' GROUP BY 1"
    )
    execute(
        f"INSERT INTO {APP}lease (token, until, deliveries)"
        " SELECT gen_random_uuid(), now() + interval '1 hour', '[]' FROM generate_series(1, 5000)"
    )
    execute(
        f"INSERT INTO {APP}attempt (delivery_id, no, started_at, finished_at, result, code, detail)"
        f" SELECT id, 1, created_at, created_at, '', '', '' FROM {APP}delivery"
    )
    execute(
        f"INSERT INTO {APP}suppression (tenant_id, kind, digest, reason, created_at)"
        " SELECT %s, 'email', md5(n::text), '', now() FROM generate_series(1, 20000) n",
        acme.pk,
    )
    execute(
        f"INSERT INTO {APP}receipt (tenant_id, delivery_id, event, provider_id, detail, digest, at)"
        " SELECT %s, CASE WHEN n %% 4 = 0 THEN n END, CASE WHEN n %% 4 = 1 THEN 'bounced' ELSE 'stopped' END, '', '',"
        " md5(n::text), now() - interval '1 day' * (100 - n * 100 / 20000) FROM generate_series(1, 20000) n",
        acme.pk,
    )
    for table in ("lane", "message", "delivery", "lease", "attempt", "suppression", "receipt"):
        execute(f"ANALYZE {APP}{table}")
    return acme


def plans_of(call: Callable[[], Any]) -> str:
    """The plans of everything that `call` executes, as PostgreSQL would do it now."""
    for one in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin"):  # which a verb before this one may have set
        execute(f"SET LOCAL {one} = on")
    with statements() as found:
        call()
    plans = []
    with connection.cursor() as cursor:
        for statement in found:
            if statement.lstrip().startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
                cursor.execute(f"EXPLAIN {statement}")
                plans += [row[0] for row in cursor.fetchall()]
    return "\n".join(plans)


def indexes(plan: str) -> set[str]:
    pattern = r"Index(?: Only)? Scan(?: Backward)? using (\w+)|Bitmap Index Scan on (\w+)"
    return {one or other for one, other in re.findall(pattern, plan)}


def settle_one(tenant: Tenant) -> None:
    parcels = claim(slots=1, now=db_now(), lease=LEASE).parcels
    turn([Result(parcels[0], Delivered(), QUICK, 0.5)], Room(0), now=db_now(), lease=LEASE)


VERBS: dict[str, tuple[Callable[[Tenant], Any], set[str]]] = {
    "claim": (
        lambda _: turn([], Room(5), now=db_now(), lease=LEASE),
        {"nh_lane_ready", "nh_delivery_due"},
    ),
    "settle": (settle_one, {f"{APP}delivery_pkey", f"{APP}lane_pkey", f"{APP}attempt_pkey"}),
    "sweep_lost": (lambda _: sweeps.sweep_lost(now=db_now()), {"nh_lease_until", f"{APP}delivery_pkey"}),
    "expire": (lambda _: sweeps.expire(now=db_now() + timedelta(days=2), most=10), {"nh_delivery_expiring"}),
    "wake_forgotten": (lambda _: sweeps.wake_forgotten(now=db_now()), {"nh_delivery_due"}),
    "end_disabled": (lambda _: sweeps.end_disabled(now=db_now(), most=10), {"nh_delivery_due"}),
    "cancel": (lambda _: outbox.cancel(origin=ORIGIN, now=db_now()), {"nh_delivery_once"}),
    "suppressed": (lambda one: reasons([(one.pk, "email", str(n)) for n in range(10)]), {"nh_suppression"}),
    "dead letters": (
        lambda one: list(deliveries_of(one, Filters(states=["dead"])).order_by("-id")[:50]),
        {"nh_delivery_bad"},
    ),
    "log": (lambda one: list(Delivery.objects.filter(tenant=one).order_by("-id")[:50]), {"nh_delivery_of_tenant"}),
    "log of a channel": (
        lambda one: list(Delivery.objects.filter(tenant=one, channel=7).order_by("-id")[:50]),
        {"nh_delivery_of_channel"},
    ),
    "replays": (lambda _: list(Delivery.objects.across_tenants().filter(replay_of=7)), {"nh_delivery_replay"}),
    "of an origin": (lambda one: list(Delivery.objects.filter(tenant=one, origin=ORIGIN)), {"nh_delivery_once"}),
    "of a person in an origin": (
        lambda one: tracks_of(7, origin=ORIGIN, tenant_id=one.pk),
        {"nh_delivery_once"},
    ),
    "retention": (
        lambda _: retention.clear_out(now=db_now(), most=100),
        {"nh_message_full", "nh_message_emptied", "nh_delivery_of_message", f"{APP}delivery_public_id_key"}
        | {"nh_receipt_passing"},
    ),
}


def test_each_verb_walks_its_index(old: Tenant) -> None:
    """One test, because its past takes long to make."""
    plans = {name: plans_of(lambda call=call: call(old)) for name, (call, _) in VERBS.items()}  # type: ignore[misc]

    missing = {name: wanted - indexes(plans[name]) for name, (_, wanted) in VERBS.items()}
    scanned = [
        name
        for name, plan in plans.items()
        if re.search(rf"Seq Scan on {APP}(delivery|lane|lease|attempt|mess|receipt)", plan)
    ]
    assert not any(missing.values()), {name: (gone, plans[name]) for name, gone in missing.items() if gone}
    assert not scanned, [plans[name] for name in scanned]
    assert re.search(r"Index Cond: .*COALESCE\(d?\.?recipient_id", plans["of a person in an origin"])
