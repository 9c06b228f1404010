"""What `manage.py check` tells of defaults, locks and hours that cannot do what they say."""

import zoneinfo
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from notifications.models import Category, NoticeType, Tenant
from preferences.checks import check_defaults_and_locks, check_zone_tables
from preferences.models import TenantChoice, TenantHabits

pytestmark = pytest.mark.django_db


def told() -> list[tuple[str, str]]:
    found = check_defaults_and_locks(databases=["default"])
    return [(str(one.id).removeprefix("notifyhub."), one.msg) for one in found]


@pytest.fixture
def known(db: None) -> None:
    Category.objects.create(key="billing", name="Billing")
    NoticeType.objects.create(key="alarm", name="Alarm", critical=True)


def says(tenant: Tenant, *, wanted: bool = False, **given: Any) -> TenantChoice:
    return TenantChoice.objects.create(tenant=tenant, wanted=wanted, **given)


def test_what_is_sound_is_not_told(acme: Tenant, known: None) -> None:
    says(acme, kind="email", category="billing")
    says(acme, workflow="alarm", wanted=True, locked=True)
    TenantHabits.objects.create(tenant=acme, quiet_hours=[{"start": "22:00", "end": "07:00"}])

    assert told() == []


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (
            [{"kind": "pigeon", "category": "billing"}],
            "W031",
            "acme, default: billing pigeon off: there is no such channel",
        ),
        ([{"kind": "email"}, {"kind": "email", "wanted": True, "locked": True}], "W032", "says the opposite"),
        ([{"category": "biling"}], "W033", "no such category"),
        ([{"workflow": "nope", "locked": True}], "W033", "no such workflow"),
        ([{"workflow": "alarm", "locked": True}], "W034", "passes this lock"),
    ],
)
def test_what_cannot_do_what_it_says_is_told(
    acme: Tenant, known: None, given: list[dict[str, Any]], code: str, words: str
) -> None:
    for one in given:
        says(acme, **one)

    ((found, message),) = told()

    assert (found, words in message) == (code, True), message


def test_a_name_that_only_another_tenant_has_is_no_name(acme: Tenant, globex: Tenant) -> None:
    Category.objects.create(tenant=globex, key="theirs", name="Theirs")
    says(acme, category="theirs")
    says(globex, category="theirs")

    assert [code for code, _ in told()] == ["W033"]


def test_hours_that_nobody_can_read_are_told(acme: Tenant) -> None:
    TenantHabits.objects.create(tenant=acme, quiet_hours=[{"start": "22:00"}], digest_at="9")

    assert [code for code, _ in told()] == ["E035", "E035"]


@pytest.fixture
def _system_tables() -> Iterator[None]:
    zoneinfo.reset_tzpath(to=["/usr/share/zoneinfo"])
    yield
    zoneinfo.reset_tzpath(to=[])


def test_zone_rules_come_from_the_package() -> None:
    assert check_zone_tables() == []


@pytest.mark.usefixtures("_system_tables")
def test_zone_rules_of_the_operating_system_are_told() -> None:
    assert [one.id for one in check_zone_tables()] == ["notifyhub.W030"]


@pytest.mark.parametrize(
    ("given", "field"),
    [({"kind": "pigeon"}, "kind"), ({"category": "a", "workflow": "b"}, "__all__"), ({"kind": "email"}, "wanted")],
)
def test_a_form_refuses_the_same(acme: Tenant, given: dict[str, str], field: str) -> None:
    says(acme, kind="email", wanted=True, locked=True)
    row = TenantChoice(tenant=acme, wanted=False, **given)

    with pytest.raises(ValidationError) as refused:
        row.full_clean()

    assert set(refused.value.message_dict) == {field}
