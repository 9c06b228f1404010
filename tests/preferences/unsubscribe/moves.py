"""The few moves that the tests of unsubscribing need."""

from typing import Any

from django.http import HttpResponse
from django.test import Client

from notifications.models import Recipient
from preferences.models import Change, Choice
from preferences.unsubscribe.scope import Scope
from preferences.unsubscribe.tokens import token_of

BILLING = "billing"


def address(scope: Scope) -> str:
    return f"/unsubscribe/{token_of(scope)}/"


def scanner() -> Client:
    """Whoever comes without cookies, and is checked for what forms have to carry."""
    return Client(enforce_csrf_checks=True)


def one_click(scope: Scope, **given: Any) -> Any:
    return scanner().post(address(scope), {"List-Unsubscribe": "One-Click"}, **given)


def press(scope: Scope, button: str, client: Client | None = None, **fields: str) -> Any:
    """Press a button of the page, and see where it leads."""
    return (client or scanner()).post(address(scope), {"do": button, **fields}, follow=True)


def undo_of(response: HttpResponse) -> str:
    """What the page offers to undo with."""
    found: str = response.context["undo"]
    return found


def chosen(person: Recipient) -> dict[tuple[str, str, str], bool]:
    """What is on record of a person, by workflow, category and channel."""
    rows = Choice.objects.filter(tenant=person.tenant_id, recipient=person)
    return {(workflow, category, kind): wanted for workflow, category, kind, wanted in rows.values_list(
        "workflow", "category", "kind", "wanted"
    )}  # fmt: skip


def history(person: Recipient) -> list[Change]:
    return list(Change.objects.filter(tenant=person.tenant_id, recipient=person).order_by("pk"))


def says_yes(person: Recipient, workflow: str, category: str, kind: str) -> None:
    width = {"workflow": workflow, "category": category, "kind": kind}
    Choice.objects.create(tenant=person.tenant, recipient=person, wanted=True, **width)
