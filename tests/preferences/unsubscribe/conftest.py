import pytest

from notifications.models import Category, NoticeType, Recipient
from preferences.unsubscribe.scope import Scope
from tests.cast import *  # noqa: F403  the cast is on every stage
from tests.cast import _nothing_remembered  # noqa: F401

from .moves import BILLING


@pytest.fixture
def billing(db: None) -> Category:
    """A category of two workflows, one of which is critical."""
    category = Category.objects.create(key="billing", name="Billing", description="Invoices and payments.")
    for key, critical in {"invoice.sent": False, "payment.failed": True}.items():
        name = key.replace(".", " ").capitalize()
        NoticeType.objects.create(key=key, name=name, category=category, critical=critical, kinds=["email", "inbox"])
    return category


@pytest.fixture
def of_bob(bob: Recipient, billing: Category) -> Scope:
    """What a link in a mail to Bob about an invoice speaks of."""
    bob.email = "bob@acme.example"
    bob.save(update_fields=["email"])
    return Scope(bob.tenant_id, bob.pk, "email", category=BILLING)
