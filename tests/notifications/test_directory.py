"""Putting people in, changing them, taking them out: sets, within bounds, and safe when many do it at once."""

import threading
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from notifications import directory
from notifications.models import Recipient, Tenant
from tests.cast import statements

pytestmark = pytest.mark.django_db


def names(tenant: Tenant) -> dict[str, str]:
    return dict(Recipient.objects.filter(tenant=tenant).values_list("external_id", "name"))


def test_new_and_known_people_in_one_call_and_in_the_order_given(acme: Tenant) -> None:
    directory.put_people(acme, {"b": {"name": "Bo", "email": "bo@acme.example"}})

    put = directory.put_people(acme, {"c": {"name": "Cy"}, "b": {"name": "Bob"}, "a": {}})

    assert [person.external_id for person in put] == ["c", "b", "a"]
    assert all(person.pk for person in put)
    assert names(acme) == {"a": "", "b": "Bob", "c": "Cy"}
    assert Recipient.objects.get(tenant=acme, external_id="b").email == "bo@acme.example"


def test_the_number_of_statements_does_not_depend_on_how_many(acme: Tenant) -> None:
    directory.put_people(acme, {f"old{n}": {} for n in range(100)})

    with statements() as few:
        directory.put_people(acme, {"old1": {"name": "x"}, "new1": {}})
    with statements() as many:
        directory.put_people(
            acme, {**{f"old{n}": {"name": "y"} for n in range(30)}, **{f"n{n}": {} for n in range(30)}}
        )

    assert len(few) == len(many) == 4


def test_what_is_the_same_already_is_not_written(acme: Tenant) -> None:
    directory.put_people(acme, {"a": {"name": "Ann"}})

    with statements() as found:
        directory.put_people(acme, {"a": {"name": "Ann"}})

    assert not [one for one in found if one.startswith("UPDATE")]


def test_only_what_is_named_changes(acme: Tenant) -> None:
    directory.put_people(acme, {"a": {"name": "Ann", "zone": "Europe/Lisbon"}, "b": {"name": "Bo"}})

    directory.put_people(acme, {"a": {"name": "Anna"}, "b": {"zone": "UTC"}})

    found = Recipient.objects.filter(tenant=acme).order_by("external_id")
    assert list(found.values_list("name", "zone")) == [("Anna", "Europe/Lisbon"), ("Bo", "UTC")]


def test_somebody_taken_out_comes_back_when_put_but_not_when_changed(acme: Tenant) -> None:
    directory.put_people(acme, {"a": {"name": "Ann"}})
    directory.take_out(acme, ["a"])

    (changed,) = directory.put_people(acme, {"a": {"name": "Anna"}}, revive=False)
    assert (changed.name, changed.active) == ("Anna", False)

    (back,) = directory.put_people(acme, {"a": {}})
    assert (back.name, back.active) == ("Anna", True)


def deep(levels: int) -> dict[str, Any]:
    value: Any = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return dict(value)


WRONG: dict[str, Any] = {
    "a list": [],
    "a NUL": {"a": "x\0"},
    "a NUL in a name": {"x\0": 1},
    "half a surrogate pair": {"a": ["\ud800"]},
    "half a surrogate pair in a name": {"\udfff": 1},
    "not finite": {"a": float("nan")},
    "no JSON": {"a": object()},
    "too large": {"a": "x" * directory.ATTRIBUTES_MAX},
    "too deep": deep(33),
    "far too deep": deep(5_000),
}


@pytest.mark.parametrize("what", WRONG)
def test_attributes_have_the_bounds_of_a_payload(acme: Tenant, what: str) -> None:
    with pytest.raises(ValidationError) as refused:
        directory.put_people(acme, {"a": {"attributes": WRONG[what]}})

    assert list(refused.value.message_dict) == ["a.attributes"]
    assert not names(acme)


def test_attributes_may_be_deep_and_say_backslash_u(acme: Tenant) -> None:
    fine = {"a": {"attributes": {**deep(32), "text": "\\u0000 ü 😀"}}}

    assert directory.put_people(acme, fine)[0].attributes["text"] == "\\u0000 ü 😀"


@pytest.mark.parametrize("external_id", ["", "x" * 256, "a\0b", "a\nb", "\ud800"])
def test_an_external_id_is_short_and_printable(acme: Tenant, external_id: str) -> None:
    with pytest.raises(ValidationError, match="255 printable"):
        directory.put_people(acme, {"fine": {}, external_id: {}})

    assert not names(acme)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_many_callers_put_the_same_new_people(acme: Tenant) -> None:
    failed: list[BaseException] = []
    ready = threading.Barrier(6)

    def put(caller: int, round_: int) -> None:
        people = [f"r{round_}-{n}" for n in range(40)]
        try:
            ready.wait()
            directory.put_people(
                acme, {name: {"name": f"{caller}"} for name in (people if caller % 2 else people[::-1])}
            )
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    for round_ in range(8):
        callers = [threading.Thread(target=put, args=(caller, round_)) for caller in range(6)]
        for one in callers:
            one.start()
        for one in callers:
            one.join()

    assert not failed
    assert len(names(acme)) == 8 * 40
    for round_ in range(8):  # whoever came last wrote all of them
        assert len({name for key, name in names(acme).items() if key.startswith(f"r{round_}-")}) == 1
