"""What people chose is given to their twins, and to nobody else."""

import pytest

from notifications.models import Recipient, Tenant
from preferences.copying import copy_choices, copy_tenant
from preferences.models import Choice, Habits, TenantChoice, TenantHabits

from .moves import NIGHT, habits

pytestmark = pytest.mark.django_db


def test_choices_are_copied_for_those_who_have_a_twin(
    acme: Tenant, globex: Tenant, alice: Recipient, bob: Recipient, mallory: Recipient
) -> None:
    Choice.objects.create(tenant=acme, recipient=alice, kind="email", category="billing", wanted=False)
    Choice.objects.create(tenant=acme, recipient=bob, wanted=False)

    copy_choices({alice.pk: mallory.pk}, of_tenant=acme.pk, to_tenant=globex.pk)

    (copy,) = Choice.objects.filter(tenant=globex)
    assert (copy.recipient_id, copy.kind, copy.category, copy.wanted) == (mallory.pk, "email", "billing", False)
    assert Choice.objects.filter(tenant=acme).count() == 2


def test_so_are_their_hours(acme: Tenant, globex: Tenant, alice: Recipient, bob: Recipient, mallory: Recipient) -> None:
    habits(alice, quiet_hours=[NIGHT], policies={"default": [{"channel": "inbox", "after": 60}]})
    habits(bob, digest_day=3)

    copy_choices({alice.pk: mallory.pk}, of_tenant=acme.pk, to_tenant=globex.pk)

    (copy,) = Habits.objects.filter(tenant=globex)
    assert (copy.recipient_id, copy.quiet_hours, copy.policies["default"][0]["after"]) == (mallory.pk, [NIGHT], 60)
    assert Habits.objects.filter(tenant=acme).count() == 2


def test_what_a_tenant_says_is_copied(acme: Tenant, globex: Tenant) -> None:
    TenantChoice.objects.create(tenant=acme, kind="email", wanted=False, locked=True, note="By law.")
    TenantHabits.objects.create(tenant=acme, quiet_hours=[NIGHT])

    copy_tenant(of_tenant=acme.pk, to_tenant=globex.pk)

    (lock,) = TenantChoice.objects.filter(tenant=globex)
    assert (lock.kind, lock.wanted, lock.locked, lock.note) == ("email", False, True, "By law.")
    assert TenantHabits.objects.get(tenant=globex).quiet_hours == [NIGHT]
    assert TenantChoice.objects.filter(tenant=acme).exists()
