"""Turning people into addresses, and knowing who has read what."""

import uuid
from typing import Any

import pytest

from notifications import inbox, routing
from notifications.content import Content
from notifications.kernel.clock import db_now
from notifications.kinds import INBOX, Kind
from notifications.models import Recipient, Tenant
from tests.cast import crowd, statements

pytestmark = pytest.mark.django_db
MAIL, PHONE = Kind("mail", "Mail", address="email"), Kind("sms", "SMS", address="phone")


@pytest.mark.parametrize(
    ("kind", "reached", "unreachable", "addresses"),
    [
        (INBOX, {0, 1}, set(), {}),
        (MAIL, {0}, {1}, {0: "a@example.com"}),
        (PHONE, {1}, {0}, {1: "+15550100"}),
        (Kind("push", "Push"), set(), {0, 1}, {}),
        (Kind("odd", "Odd", address="attributes; --"), set(), {0, 1}, {}),
    ],
)
def test_each_kind_has_its_addresses(
    acme: Tenant, globex: Tenant, kind: Kind, reached: set[int], unreachable: set[int], addresses: dict[int, str]
) -> None:
    given: list[dict[str, Any]] = [{"email": "a@example.com"}, {"phone": "+15550100"}, {"active": False}]
    ids = [crowd(acme, 1, prefix=f"n{n}", **one)[0].pk for n, one in enumerate(given)]
    ids.append(crowd(globex, 1, email="x@example.com", phone="+1")[0].pk)

    with statements() as found:
        answer = routing.reach_many(kind, ids, tenant_id=acme.pk, profiles=True)

    assert answer.ids == {ids[n] for n in reached}
    assert answer.unreachable == {ids[n] for n in unreachable}
    assert answer.addresses == {ids[n]: (routing.Spot(address),) for n, address in addresses.items()}
    assert set(answer.profiles) == set(ids[:2])
    assert len(found) == (2 if kind in (MAIL, PHONE) else 1)  # people may have added some themselves


def test_readers_are_those_who_have_dealt_with_what_an_origin_said(acme: Tenant) -> None:
    mine, other = uuid.uuid4(), uuid.uuid4()
    people = crowd(acme, 4)
    for origin in (mine, other):
        inbox.post([post(acme, origin, people)], now=db_now())
    reads, reads_all, archives, _ = people
    newest = {one.pk: inbox.list_items(one).entries[0].id for one in people}
    inbox.mark_read(reads, [newest[reads.pk]], now=db_now())
    inbox.read_all(reads_all)
    inbox.archive(archives, [newest[archives.pk]])
    pairs = [(origin, one.pk) for origin in (mine, other) for one in people]

    with statements() as found:
        readers = inbox.readers(pairs)

    assert readers == {(mine, reads_all.pk), *((other, one.pk) for one in (reads, reads_all, archives))}
    assert len(found) == 1
    assert inbox.readers([]) == set()


def post(tenant: Tenant, origin: uuid.UUID, people: list[Recipient]) -> inbox.Post:
    return inbox.Post(tenant.pk, "test.note", Content("Hello"), [one.pk for one in people], origin=origin)
