"""Decisions for a cohort: a thousand people, five channels, quiet hours in thirty zones; beside a plain loop that asks
of each person and channel, with everything already in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from benchmarks import product
from benchmarks.goals import Line
from benchmarks.harness import Spread, alternate, repeat
from benchmarks.report import Report

if TYPE_CHECKING:
    from notifications.models import Tenant

PEOPLE, SECONDS = 1_000, 0.5
KINDS = ("inbox", "email", "push", "sms", "chat")
ZONES = (
    "Africa/Cairo", "Africa/Lagos", "Africa/Nairobi", "America/Bogota", "America/Chicago", "America/Denver",
    "America/Halifax", "America/Los_Angeles", "America/New_York", "America/Santiago", "America/Sao_Paulo",
    "America/St_Johns", "Asia/Dubai", "Asia/Jakarta", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Manila", "Asia/Seoul",
    "Asia/Tehran", "Asia/Tokyo", "Australia/Adelaide", "Australia/Eucla", "Australia/Lord_Howe", "Australia/Sydney",
    "Europe/Berlin", "Europe/Dublin", "Europe/London", "Pacific/Auckland", "Pacific/Chatham", "Pacific/Honolulu",
)  # fmt: skip
QUIET = [
    {"start": "22:00", "end": "07:00", "days": [1, 2, 3, 4, 5]},
    {"start": "23:30", "end": "09:30", "days": [6, 7]},
]
NOW = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
"""Half an hour before the clocks of Europe are put forward."""


def measure(*, quick: bool) -> Report:
    product.fresh_site()
    tenant, rounds = product.add_tenant("bench"), 3 if quick else 15
    people = furnish(tenant)
    from notifications import kinds
    from preferences.decision import Subject, decide_each

    kinds.add_source(channels)
    subjects = [Subject("invoice.due", "billing", kind) for kind in KINDS]

    def ours() -> list[dict[int, Any]]:
        return decide_each(subjects, people, tenant_id=tenant.pk, now=NOW)

    known = everything_of(tenant)
    with product.statements() as seen:
        answers = ours()
    told = loop(known, people)
    check_agreement(answers, told)
    sides = {
        "decide": repeat(ours, seconds=SECONDS / (5 if quick else 1)),
        "loop": repeat(lambda: loop(known, people), seconds=SECONDS / (5 if quick else 1)),
    }
    done = alternate(sides, rounds=rounds)
    taken = done.each("decide")
    spent = Spread(taken.median * 1e3, taken.low * 1e3, taken.high * 1e3, taken.count)
    work, against = f"decide for {PEOPLE:,} people × {len(KINDS)} channels, 30 zones", "a plain loop, rows in memory"
    counted = Spread(len(seen), len(seen), len(seen), 1)
    detail = f"{spent.median:.1f} ms, {len(seen)} statements, against {done.each('loop').median * 1e3:.1f} ms"
    control = done.control("decide")
    lines = [
        Line("decide.time", work, "the clock", "at most", 25, spent, control, unit="ms"),
        Line("decide.statements", work, "three", "at most", 3, counted, unit="statements"),
        Line(
            "decide.loop", work, against, "for the record", 0, done.time_ratio("decide", "loop"), control, detail=detail
        ),
    ]
    held = sum(type(answer).__name__ == "Hold" for of_kind in answers for answer in of_kind.values())
    return Report("decide", lines, counts={"statements": len(seen), "held": held}, rounds={"decide": done.as_json()})


def channels() -> list[Any]:
    """Those of the measured channels that this site has no backend for."""
    from notifications.kinds import Kind

    return [Kind(key, key) for key in KINDS if key not in {"inbox", "email"}]


def furnish(tenant: Tenant) -> list[int]:
    """People in their zones, most with quiet hours, three choices for each; a default and a lock of their tenant."""
    from notifications.models import Recipient
    from preferences.models import Choice, Habits, TenantChoice

    product.add_people(tenant, PEOPLE)
    people = product.people_of(tenant)
    rows = list(Recipient.objects.for_tenant(tenant).order_by("pk"))
    for number, row in enumerate(rows):
        row.zone = ZONES[number % len(ZONES)]
    Recipient.objects.across_tenants().bulk_update(rows, ["zone"])
    Habits.objects.bulk_create(
        Habits(tenant=tenant, recipient_id=one, quiet_hours=QUIET) for number, one in enumerate(people) if number % 5
    )
    widths = [{"kind": "sms"}, {"category": "billing", "kind": "push"}, {"workflow": "invoice.due"}]
    Choice.objects.bulk_create(
        Choice(tenant=tenant, recipient_id=one, wanted=(number + place) % 3 > 0, **width)
        for number, one in enumerate(people)
        for place, width in enumerate(widths)
    )
    TenantChoice.objects.create(tenant=tenant, category="billing", kind="chat", wanted=True, locked=True)
    TenantChoice.objects.create(tenant=tenant, kind="email", wanted=False)
    for model in (Choice, Habits, Recipient):
        product.execute(f"ANALYZE {model._meta.db_table}", [])
    return people


@dataclass(frozen=True, slots=True)
class Person:
    zone: str
    windows: Sequence[Mapping[str, Any]]
    choices: Mapping[tuple[str, str, str], bool]


def everything_of(tenant: Tenant) -> dict[int, Person]:
    from notifications.models import Recipient
    from preferences.models import Choice, Habits

    windows = dict(Habits.objects.for_tenant(tenant).values_list("recipient_id", "quiet_hours"))
    choices: dict[int, dict[tuple[str, str, str], bool]] = {}
    for one in Choice.objects.for_tenant(tenant):
        choices.setdefault(one.recipient_id, {})[one.workflow, one.category, one.kind] = one.wanted
    zones = Recipient.objects.for_tenant(tenant).values_list("pk", "zone")
    return {pk: Person(zone, windows.get(pk) or [], choices.get(pk, {})) for pk, zone in zones}


def loop(known: Mapping[int, Person], people: Sequence[int]) -> list[dict[int, bool | datetime]]:
    """What anybody would write first: True, False, or when it may go."""
    defaults, locks = {("", "", "email"): False}, {("", "billing", "chat"): True}
    answers: list[dict[int, bool | datetime]] = []
    for kind in KINDS:
        widths = [
            ("invoice.due", "", kind), ("invoice.due", "", ""), ("", "billing", kind), ("", "billing", ""),
            ("", "", kind), ("", "", ""),
        ]  # fmt: skip
        of_kind: dict[int, bool | datetime] = {}
        for one in people:
            person = known[one]
            said = (table[width] for table in (locks, person.choices, defaults) for width in widths if width in table)
            wanted = next(said, True)
            until = quiet_until(person) if wanted and kind != "inbox" else None
            of_kind[one] = until or wanted
        answers.append(of_kind)
    return answers


def quiet_until(person: Person) -> datetime | None:
    """The plain arithmetic: right at all hours but those at which clocks are moved."""
    zone = ZoneInfo(person.zone)
    today = NOW.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        for window in person.windows:
            if day.isoweekday() in window["days"]:
                start, end = (
                    datetime.combine(day, time.fromisoformat(window[name]), zone) for name in ("start", "end")
                )
                end += timedelta(days=1) if window["end"] < window["start"] else timedelta()
                if start <= NOW.astimezone(zone) < end:
                    return end.astimezone(UTC)
    return None


def check_agreement(ours: Sequence[Mapping[int, Any]], theirs: Sequence[Mapping[int, bool | datetime]]) -> None:
    """Both decided the same, or one of them did not do the work."""
    from preferences.decision import Hold, Send

    for mine, plain in zip(ours, theirs, strict=True):
        same = {
            person: answer.until if isinstance(answer, Hold) else isinstance(answer, Send)
            for person, answer in mine.items()
        }
        assert same == plain, "the loop and decide_each() do not agree"
