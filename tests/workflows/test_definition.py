"""A version of a workflow is stored once under the hash of its content, and never changes."""

import pytest
from django.db import connection, transaction

from tests.cast import rolled_back, workflow
from workflows.define import delay, send_inbox
from workflows.definition import Body, ensure_stored, load
from workflows.models import Definition

BODY = workflow("t.stored", send_inbox(title="Ünïcode {{ payload.x }}"), delay(days=1), send_inbox(title="b")).body


@pytest.mark.once
def test_the_hash_does_not_depend_on_the_order_of_keys() -> None:
    shuffled = {key: BODY.to_json()[key] for key in reversed(BODY.to_json())}

    assert Body.from_json(shuffled).hash() == BODY.hash()


@pytest.mark.once
def test_the_hash_is_the_same_in_every_process_and_release() -> None:
    plain = Body(key="a", name="A", steps=({"kind": "delay", "seconds": 1.0},))

    assert plain.hash() == "16eb3cc51be03308782976043dac9a4d04ba6fada4ce56f101320a47803779a9"


@pytest.mark.once
@pytest.mark.parametrize(
    "change", [{"name": "Other"}, {"critical": True}, {"steps": BODY.steps[:1]}, {"tab": "errors"}]
)
def test_every_change_has_its_own_hash(change: dict[str, object]) -> None:
    assert Body.from_json({**BODY.to_json(), **change}).hash() != BODY.hash()


@pytest.mark.once
def test_what_was_looked_up_of_a_body_is_no_part_of_it() -> None:
    body = Body.from_json(BODY.to_json())
    before = body.hash()

    assert body.named == {}

    assert (body.hash(), body.to_json()) == (before, BODY.to_json())


@pytest.mark.once
def test_the_steps_follow_each_other_to_the_end() -> None:
    positions = ["0"]
    while (following := BODY.after(positions[-1])) is not None:
        positions.append(following)

    assert positions == ["0", "1", "2"]


@pytest.mark.django_db
def test_what_was_stored_is_read_back_as_the_same_body() -> None:
    ensure_stored({BODY.hash(): BODY})
    load.cache_clear()

    assert load(BODY.hash()) == BODY
    assert load(BODY.hash()).hash() == BODY.hash()


@pytest.mark.django_db
def test_storing_twice_is_one_row() -> None:
    for _ in range(2):
        ensure_stored({BODY.hash(): BODY})

    assert Definition.objects.filter(hash=BODY.hash()).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_store_is_not_believed() -> None:
    with rolled_back():
        ensure_stored({BODY.hash(): BODY})

    ensure_stored({BODY.hash(): BODY})

    assert Definition.objects.filter(hash=BODY.hash()).exists()


@pytest.mark.django_db(transaction=True)
def test_a_savepoint_that_rolled_back_is_not_believed_either() -> None:
    with transaction.atomic():
        with rolled_back():
            ensure_stored({BODY.hash(): BODY})
        ensure_stored({BODY.hash(): BODY})

    assert Definition.objects.filter(hash=BODY.hash()).exists()


@pytest.mark.django_db(transaction=True)
def test_a_committed_store_is_believed_without_asking() -> None:
    ensure_stored({BODY.hash(): BODY})
    connection.force_debug_cursor = True
    connection.queries_log.clear()

    ensure_stored({BODY.hash(): BODY})

    connection.force_debug_cursor = False
    assert not connection.queries_log
