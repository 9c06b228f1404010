"""What people chose is given to their twins, and to nobody else."""

import pytest

from notifications.models import Recipient, Tenant
from preferences.copying import copy_choices
from preferences.models import Choice

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
