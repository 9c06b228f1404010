"""Whether: the table, against the rules alone and against the database."""

import pytest

from notifications.models import Recipient, Tenant
from preferences.decision import Decision, Skip, Subject, Width, decide_each, decide_many
from preferences.models import Choice, TenantChoice
from preferences.precedence import ChoiceRow, TenantRow, speaking_of, whether, width_of
from tests.cast import crowd

from .moves import NOON, said_of
from .precedence_table import TABLE, WIDTHS, Case

BOB, ALICE = 7, 8


def subject(case: Case, person: int) -> Subject:
    suppressed = frozenset({person} if case.suppressed else ())
    return Subject(
        "invoice.due", "billing", "email", critical=case.critical, default=case.default, suppressed=suppressed
    )


def named(width: str) -> tuple[str, str, str]:
    given = WIDTHS[width]
    return given.get("workflow", ""), given.get("category", ""), given.get("kind", "")


def answer(decision: Decision) -> tuple[str, str, str]:
    said = decision.reason if isinstance(decision, Skip) else type(decision).__name__.lower()
    return said, decision.why.rule, decision.why.width or ""


@pytest.mark.once
@pytest.mark.parametrize("case", TABLE, ids=str)
def test_the_first_rule_that_matches_decides(case: Case) -> None:
    choices: list[ChoiceRow] = [(BOB, *named(width), wanted) for width, wanted in case.me.items()]
    ours: list[TenantRow] = [(*named(width), wanted, False) for width, wanted in case.we.items()]
    ours += [(*named(width), wanted, True) for width, wanted in case.locked.items()]

    for order in (1, -1):
        (decided,) = whether([subject(case, BOB)], [BOB], choices=choices[::order], of_tenant=ours[::order])

        assert answer(decided[BOB]) == (case.answer, case.rule, case.width)


@pytest.mark.once
def test_the_table_is_long_and_says_nothing_twice() -> None:
    assert len(TABLE) >= 80
    assert len({str(case) for case in TABLE}) == len(TABLE)


@pytest.mark.django_db
def test_the_database_is_read_as_the_table_says() -> None:
    tenants = Tenant.objects.bulk_create(Tenant(slug=f"t{n}", name="T") for n in range(len(TABLE)))
    people = [crowd(tenant, 2) for tenant in tenants]
    for tenant, (one, other), case in zip(tenants, people, TABLE, strict=True):
        said_of(one, case)
        Choice.objects.create(tenant=tenant, recipient=other, workflow="invoice.due", kind="email", wanted=False)

    for tenant, (one, other), case in zip(tenants, people, TABLE, strict=True):
        asked = subject(case, one.pk)
        decided = decide_many(asked, [one.pk, other.pk], tenant_id=tenant.pk, now=NOON)

        assert answer(decided[one.pk]) == (case.answer, case.rule, case.width), str(case)


@pytest.mark.django_db
def test_several_subjects_are_decided_each_for_itself(alice: Recipient, bob: Recipient) -> None:
    acme = bob.tenant
    Choice.objects.create(tenant=acme, recipient=bob, kind="email", wanted=False)
    Choice.objects.create(tenant=acme, recipient=alice, category="news", wanted=False)
    TenantChoice.objects.create(tenant=acme, workflow="invoice.paid", wanted=False, locked=True)
    keys = [("invoice.due", "billing"), ("invoice.paid", "billing"), ("weekly", "news")]
    subjects = [Subject(key, category, kind) for key, category in keys for kind in ("email", "inbox")]

    decided = decide_each(subjects, [alice.pk, bob.pk], tenant_id=acme.pk, now=NOON)

    alone = [decide_many(one, [alice.pk, bob.pk], tenant_id=acme.pk, now=NOON) for one in subjects]
    assert decided == alone
    assert [answer(one[bob.pk])[0] for one in decided] == [
        "off_by_channel", "send", "locked_off", "locked_off", "off_by_channel", "send",
    ]  # fmt: skip
    assert [answer(one[alice.pk])[0] for one in decided[-2:]] == ["off_by_category", "off_by_category"]


@pytest.mark.once
def test_a_row_speaks_of_a_subject_at_six_widths() -> None:
    widths = [width_of(one) for one in speaking_of(Subject("w", "c", "k"))]

    assert widths == list(Width)
    assert speaking_of(Subject("", "", "k")) == [("", "", "k"), ("", "", "")]
