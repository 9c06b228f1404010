"""Nothing of Acme can be seen or changed by Mallory of Globex, though she knows every id."""

import pytest

from notifications.inbox import get_item
from notifications.models import Recipient, State
from tests.cast import drop, member, run_named
from workflows.define import Workflow
from workflows.engine import drain
from workflows.models import Run
from workflows.trigger import trigger

from .pages import bell, visitor, words

VERBS = ["read", "unread", "archive", "unarchive", "delete"]


@pytest.fixture
def run(alice: Recipient, hello: Workflow) -> Run:
    trigger("hello", tenant=alice.tenant, payload={"name": "secret"}, transaction_id="acme-1")
    drain()
    return run_named("acme-1")


def test_a_foreign_item_does_not_exist(alice: Recipient, mallory: Recipient) -> None:
    item = drop(alice, "Board minutes")

    response = visitor(mallory).get(f"/inbox/{item}/")

    assert response.status_code == 404
    assert "Board minutes" not in words(response)


@pytest.mark.parametrize("verb", VERBS)
def test_a_foreign_item_cannot_be_changed(alice: Recipient, mallory: Recipient, verb: str) -> None:
    item = drop(alice, "Board minutes")

    response = visitor(mallory).post(f"/inbox/{item}/{verb}/")

    kept = get_item(alice, item)
    assert response.status_code == 404
    assert kept is not None
    assert (kept.state, kept.read) == (State.ACTIVE, False)


def test_a_colleagues_item_is_as_far_away(alice: Recipient, bob: Recipient) -> None:
    item = drop(alice, "Board minutes")

    assert visitor(bob).get(f"/inbox/{item}/").status_code == 404


def test_foreign_items_are_neither_listed_nor_counted(alice: Recipient, mallory: Recipient) -> None:
    drop(alice, "Board minutes")

    response = visitor(mallory).get("/inbox/?q=minutes")

    assert "Board minutes" not in words(response)
    assert bell(response) == "Notifications, none unread"


def test_a_foreign_run_cannot_be_seen(run: Run, mallory: Recipient) -> None:
    hers = visitor(mallory)

    assert hers.get(f"/runs/{run.public_id}/").status_code == 404
    assert hers.get(f"/runs/{run.public_id}/state/").status_code == 404


def test_a_foreign_run_cannot_be_cancelled(run: Run, mallory: Recipient) -> None:
    response = visitor(mallory).post(f"/runs/{run.public_id}/cancel/")

    assert response.status_code == 404
    assert run_named("acme-1").cancelled_at is None


def test_the_playground_names_no_foreign_people(alice: Recipient, mallory: Recipient, hello: Workflow) -> None:
    response = visitor(mallory).get("/playground/")

    assert "Alice" not in words(response)
    assert str(alice.public_id) not in response.content.decode()


def test_the_playground_reaches_no_foreign_people(alice: Recipient, mallory: Recipient, hello: Workflow) -> None:
    form = {"workflow": "hello", "payload": "{}", "audience": "chosen", "person": str(alice.public_id), "do": "trigger"}

    response = visitor(mallory).post("/playground/", form)

    assert response.status_code == 422
    assert "is not an active person of this tenant" in words(response)
    assert not Run.objects.across_tenants().exists()


def test_nobody_can_choose_a_tenant_they_are_not_in(alice: Recipient, mallory: Recipient) -> None:
    hers = visitor(mallory)

    assert hers.post("/tenant/", {"tenant": "acme"}).status_code == 403
    assert "Acme" not in words(hers.get("/inbox/"))


def test_who_is_in_two_tenants_looks_at_one_at_a_time(alice: Recipient, mallory: Recipient) -> None:
    abroad = Recipient.objects.create(tenant=mallory.tenant, user=alice.user, external_id="alice")
    drop(alice, "From Acme")
    drop(abroad, "From Globex")
    hers = visitor(alice)

    at_first = words(hers.get("/inbox/"))
    hers.post("/tenant/", {"tenant": "globex"})
    afterwards = words(hers.get("/inbox/"))

    assert "From Acme" in at_first
    assert "From Globex" not in at_first
    assert "From Globex" in afterwards
    assert "From Acme" not in afterwards


def test_the_choice_of_tenants_is_offered_only_to_who_has_one(alice: Recipient, mallory: Recipient) -> None:
    assert "Organisation:" not in words(visitor(mallory).get("/inbox/"))

    Recipient.objects.create(tenant=mallory.tenant, user=alice.user, external_id="alice")

    assert "Organisation:" in words(visitor(alice).get("/inbox/"))


def test_a_person_of_the_same_name_elsewhere_is_somebody_else(alice: Recipient, mallory: Recipient) -> None:
    double = member(mallory.tenant, "alice")
    item = drop(alice, "Board minutes")

    assert visitor(double).get(f"/inbox/{item}/").status_code == 404


def test_the_page_of_devices_shows_nothing_of_others_and_is_linked(alice: Recipient, mallory: Recipient) -> None:
    hers = visitor(mallory)

    assert "/devices/" in hers.get("/preferences/").content.decode()
    assert "/devices/" in hers.get("/inbox/").content.decode()
    assert "Acme" not in words(hers.get("/devices/"))
