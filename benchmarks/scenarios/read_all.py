"""Read-all of a hundred thousand unread items, beside one upsert of one row: both committed."""

from __future__ import annotations

from benchmarks import product
from benchmarks.goals import Line
from benchmarks.harness import alternate, repeat_with_reset
from benchmarks.product import Inbox
from benchmarks.report import Report

UPSERT = "INSERT INTO bench_upsert (id, upto) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET upto = bench_upsert.upto + 1"


def measure(*, quick: bool) -> Report:
    unread, rounds, seconds = (5_000, 3, 0.3) if quick else (100_000, 15, 1.0)
    product.fresh_site()
    tenant = product.add_tenant("bench")
    product.add_people(tenant, 1)
    product.add_notifications(tenant, unread)
    [pk] = product.people_of(tenant)
    product.fill_one(pk, Inbox(items=unread, unread=unread))
    product.execute("CREATE TABLE bench_upsert (id bigint PRIMARY KEY, upto bigint NOT NULL)", [])
    product.settle()

    from notifications.inbox import read_all, unread_count

    person = product.person(tenant, pk)

    def make_unread() -> None:
        product.execute("UPDATE {mark} SET read_upto = 0 WHERE recipient_id = %s", [pk])

    assert unread_count(person).capped
    with product.statements() as seen:
        read_all(person)
    assert unread_count(person).count == 0
    make_unread()
    assert unread_count(person).capped

    sides = {
        "read-all": repeat_with_reset(lambda: read_all(person), make_unread, seconds=seconds),
        # The same statement in between as on the other side, so that both start from the same state of the log.
        "upsert": repeat_with_reset(lambda: product.execute(UPSERT, []), make_unread, seconds=seconds),
    }
    done = alternate(sides, rounds=rounds)
    detail = f"{done.each('read-all').median * 1e3:.2f} ms against {done.each('upsert').median * 1e3:.2f}"
    ratio, control = done.time_ratio("read-all", "upsert"), done.control("read-all")
    work, against = f"read-all of {unread:,} unread", "one upsert, committed"
    line = Line("read_all", work, against, "at most", 10, ratio, control, detail=detail)
    return Report(
        "read_all", [line], counts={"statements of a read-all": len(seen)}, rounds={"read_all": done.as_json()}
    )
