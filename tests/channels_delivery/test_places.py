"""Places of people's own: nothing but a code goes there until its owner says it."""

from typing import Any

import pytest
from django.db import connection

from channels_delivery import endpoints
from channels_delivery.models import Endpoint
from channels_delivery.own import places
from channels_delivery.own.codes import LIFE, OF_PERSON, OF_PLACE, TRIES
from channels_delivery.refusals import Invalid, NotFound, NotNow, TooMany
from channels_delivery.suppression import suppress
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import Publish, crowd, workflow
from workflows import engine
from workflows.define import send_email
from workflows.trigger import trigger

from .backends.stage_sms import SmsStage
from .moves import deliveries
from .own import *  # noqa: F403  Bob has an address of the host, and there is a receiver
from .own import HOST, MAIL, a_while_ago, add, add_and_verify, addresses, code_for, told
from .receiver import Receiver

pytestmark = pytest.mark.django_db


# -- a code first ------------------------------------------------------------------------------------------------------


def test_nothing_but_its_code_goes_there_until_it_was_said(bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.note", send_email(title="Hello")))
    row = add(bob)
    told(bob)
    assert addresses("endpoint.verify") == [MAIL]
    assert addresses() == [HOST]

    places.verify(bob, row.public_id, code_for(row), now=db_now())
    trigger("t.note", tenant=bob.tenant, recipients=[bob], transaction_id="after")
    engine.drain()

    assert addresses() == sorted([HOST, HOST, MAIL])


def test_a_code_is_not_kept_in_the_clear(bob: Recipient) -> None:
    row = add(bob)
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{Endpoint._meta.db_table}"')
        assert code_for(row) not in str(cursor.fetchall())


def test_spaces_in_a_code_do_not_matter(bob: Recipient) -> None:
    row = add(bob)
    code = code_for(row)

    assert places.verify(bob, row.public_id, f" {code[:3]} {code[3:]} ", now=db_now()).verified_at


def test_a_wrong_code_counts_and_the_last_try_ends_it(bob: Recipient) -> None:
    row = add(bob)
    right = code_for(row)
    wrong = f"{(int(right) + 1) % 10**6:06}"
    for _ in range(TRIES):
        with pytest.raises(Invalid) as error:
            places.verify(bob, row.public_id, wrong, now=db_now())
        assert error.value.code == "wrong_code"

    with pytest.raises(NotNow) as ended:
        places.verify(bob, row.public_id, right, now=db_now())

    assert ended.value.code == "code_expired"
    assert not Endpoint.objects.filter(tenant=bob.tenant_id, verified_at__isnull=False).exists()


def test_a_code_is_good_for_ten_minutes(bob: Recipient) -> None:
    row = add(bob)

    with pytest.raises(NotNow):
        places.verify(bob, row.public_id, code_for(row), now=db_now() + LIFE)


def test_another_code_ends_the_first(bob: Recipient) -> None:
    row = add(bob)
    first = code_for(row)
    a_while_ago(row)
    places.send_code(bob, row.public_id, now=db_now())
    if code_for(row) == first:
        pytest.fail("one in a million: run it again")

    with pytest.raises(Invalid):
        places.verify(bob, row.public_id, first, now=db_now())
    assert places.verify(bob, row.public_id, code_for(row), now=db_now()).verified_at


def test_nobody_says_the_code_of_somebody_else(alice: Recipient, bob: Recipient, mallory: Recipient) -> None:
    row = add(bob)
    for other in (alice, mallory):
        with pytest.raises(NotFound):
            places.verify(other, row.public_id, code_for(row), now=db_now())
        with pytest.raises(NotFound):
            places.send_code(other, row.public_id, now=db_now())
        assert not endpoints.remove(other, row.public_id, now=db_now(), devices=False)
        assert endpoints.rename(other, row.public_id, label="mine", devices=False) is None


# -- limits ------------------------------------------------------------------------------------------------------------


def test_a_code_that_was_just_sent_is_waited_for(bob: Recipient) -> None:
    row = add(bob)
    for again in (lambda: places.send_code(bob, row.public_id, now=db_now()), lambda: add(bob)):
        with pytest.raises(TooMany) as error:
            again()
        assert error.value.code == "code_just_sent"
        assert 0 < (error.value.retry_after or 0) <= 61


def test_one_place_gets_few_codes_an_hour_whoever_asks(acme: Tenant) -> None:
    people = crowd(acme, OF_PLACE[0] + 1)
    for one in people[:-1]:
        add(one, written="Victim@home.example")

    with pytest.raises(TooMany) as error:
        add(people[-1], written="victim@home.example")

    assert error.value.code == "too_many_codes"
    assert len(deliveries()) == OF_PLACE[0]


def test_one_person_asks_for_few_codes_an_hour(bob: Recipient, receiver: Receiver) -> None:
    """Counted for each kind, and what was refused is not there."""
    for n in range(places.OF_A_KIND):
        row = add(bob, written=f"b{n}@home.example")
        places.send_code(bob, row.public_id, now=later_on(row))
    assert OF_PERSON[0] == 2 * places.OF_A_KIND
    last = Endpoint.objects.get(tenant=bob.tenant_id, address="b0@home.example")
    a_while_ago(last)

    with pytest.raises(TooMany) as error:
        places.send_code(bob, last.public_id, now=db_now())

    assert error.value.code == "too_many_codes"


def later_on(row: Endpoint) -> Any:
    a_while_ago(row)
    return db_now()


def test_there_is_room_for_five_of_a_kind(bob: Recipient) -> None:
    for n in range(places.OF_A_KIND):
        add(bob, written=f"b{n}@home.example")

    with pytest.raises(NotNow) as error:
        add(bob, written="more@home.example")

    assert error.value.code == "too_many_places"


# -- what may be added -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("email", "nobody"),
        ("email", "a@b@c"),
        ("email", "bob@home.example\r\nBcc: all@x"),
        ("webhook", "http://hooks.example/"),
        ("webhook", "https://127.0.0.1/"),
        ("webhook", "https://169.254.169.254/latest/meta-data"),
        ("webhook", "https://user:pass@hooks.example/"),
        ("slack", "ftp://hooks.slack.com/x"),
        ("teams", "https://[::1]/"),
        ("email", "a" * 600 + "@home.example"),
    ],
)
def test_what_is_no_place_is_refused_in_words(bob: Recipient, kind: str, written: str) -> None:
    with pytest.raises(Invalid) as error:
        add(bob, kind, written)

    assert error.value.errors["address"]
    assert not Endpoint.objects.filter(tenant=bob.tenant_id).exists()


def test_a_kind_that_nobody_can_add_is_refused_and_sms_needs_a_channel(bob: Recipient) -> None:
    for kind in ("push", "inbox", "sms", "nothing"):
        with pytest.raises(Invalid) as error:
            add(bob, kind, "+4915123456789")
        assert "email" in error.value.errors["kind"]


def test_a_number_is_of_a_country_that_the_channel_sends_to(bob: Recipient, sms: SmsStage) -> None:
    with pytest.raises(Invalid) as error:
        add(bob, "sms", "+1 202 555 0143")
    assert "US" in error.value.errors["address"]

    assert add(bob, "sms", "+49 151 23456789").address == "+4915123456789"


def test_where_somebody_objected_nothing_is_added(bob: Recipient) -> None:
    suppress("email", [MAIL], tenant_id=bob.tenant_id, now=db_now())

    with pytest.raises(Invalid) as error:
        add(bob)

    assert error.value.errors["address"]


def test_a_place_that_is_there_is_not_added_again(bob: Recipient) -> None:
    add_and_verify(bob)

    with pytest.raises(NotNow) as error:
        add(bob, written=MAIL.upper().replace("HOME.EXAMPLE", "home.example"))

    assert error.value.code == "already_there"


def test_two_people_may_have_one_place_and_neither_takes_it_from_the_other(alice: Recipient, bob: Recipient) -> None:
    add(alice)
    add_and_verify(bob)

    assert [row.verified_at is not None for row in places.listed(bob)] == [True]
    assert [row.verified_at is not None for row in places.listed(alice)] == [False]
