"""Topics in topics: what lies in them, and what is refused."""

from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from notifications import topics
from notifications.live.credentials import followers_among
from notifications.models import Nesting, Recipient, Subscription, Tenant, Topic
from notifications.topics import BELOW_MAX, DEPTH_MAX, below, nest, take_out
from tests.cast import crowd, statements, topic

pytestmark = pytest.mark.django_db


def chain(tenant: Tenant, length: int, *, prefix: str = "t") -> list[Topic]:
    """Topics of which each lies in the one before."""
    found = [topic(tenant, f"{prefix}{n}") for n in range(length)]
    Nesting.objects.bulk_create(Nesting(outer=a, inner=b) for a, b in pairwise(found))
    return found


def test_what_lies_in_what_lies_in_it_lies_in_it(acme: Tenant) -> None:
    top, middle, low, other = (topic(acme, key) for key in ("top", "middle", "low", "other"))

    nest(top, ["middle", "other"])
    nest(middle, ["low"])
    nest(other, ["low"])

    assert below([top.pk, middle.pk]) == {
        top.pk: sorted([top.pk, middle.pk, low.pk, other.pk]),
        middle.pk: [middle.pk, low.pk],
    }
    assert topics.above([low.pk])[low.pk] == sorted([top.pk, middle.pk, low.pk, other.pk])


def test_a_toast_reaches_who_follows_what_lies_inside(acme: Tenant) -> None:
    direct, inside, under, other = crowd(acme, 4)
    top, inner = topic(acme, "top", direct), topic(acme, "inner", direct, inside)
    Subscription.objects.create(topic=inner, recipient=under, condition=True)
    nest(top, ["inner"])
    everybody = [one.pk for one in (direct, inside, under, other)]

    assert sorted(followers_among(top.pk, everybody)) == [direct.pk, inside.pk]


@pytest.mark.parametrize(("outer", "inner"), [("t0", "t0"), ("t1", "t0"), ("t2", "t0")])
def test_a_circle_is_refused_and_nothing_is_written(acme: Tenant, outer: str, inner: str) -> None:
    chain(acme, 3)
    topic(acme, "free")

    with pytest.raises(ValidationError, match=f"{inner}: {outer} lies in it already"):
        nest(Topic.objects.get(tenant=acme, key=outer), ["free", inner])

    assert Nesting.objects.count() == 2


def test_nesting_has_a_bottom_from_whichever_side_it_grows(acme: Tenant) -> None:
    upper, lower = chain(acme, DEPTH_MAX, prefix="u"), chain(acme, 2, prefix="l")

    with pytest.raises(ValidationError, match=f"may lie in each other {DEPTH_MAX} times"):
        nest(upper[-1], [lower[0].key])
    nest(upper[-1], [lower[1].key])

    assert below([upper[0].pk])[upper[0].pk] == sorted([*(one.pk for one in upper), lower[1].pk])


def test_the_number_below_a_topic_has_a_bound(acme: Tenant) -> None:
    """Of everything above as well: an audience of the topmost has to be found."""
    top, middle = chain(acme, 2)
    many = Topic.objects.bulk_create(Topic(tenant=acme, key=f"k{n}") for n in range(BELOW_MAX))
    Nesting.objects.bulk_create(Nesting(outer=top, inner=one) for one in many[:-2])

    with pytest.raises(ValidationError, match=f"At most {BELOW_MAX:d} topics"):
        nest(middle, [one.key for one in many[-2:]])
    nest(middle, [many[-1].key])

    assert len(below([top.pk])[top.pk]) == BELOW_MAX + 1


def test_topics_of_others_are_refused_by_name(acme: Tenant, globex: Tenant) -> None:
    topic(globex, "theirs")

    with pytest.raises(ValidationError) as refused:
        nest(topic(acme, "ours"), ["theirs"])

    assert refused.value.message_dict == {"theirs": ["is not a topic of this tenant"]}


def test_what_is_taken_out_is_out(acme: Tenant) -> None:
    top, middle, _low = chain(acme, 3)

    assert take_out(top, ["t1", "t2"]) == 1
    assert below([top.pk])[top.pk] == [top.pk]
    assert len(below([middle.pk])[middle.pk]) == 2


def test_to_nest_a_hundred_costs_as_much_as_to_nest_one(acme: Tenant) -> None:
    top = topic(acme, "top")
    keys = [one.key for one in Topic.objects.bulk_create(Topic(tenant=acme, key=f"k{n}") for n in range(100))]

    with statements() as one:
        nest(top, keys[:1])
    with statements() as many:
        nest(top, keys[1:])

    assert len(one) == len(many) <= 5


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ({"=": [1, 1]}, 'There is no operator "="'),
        ({"==": [{"var": "steps.one.read"}, True]}, '"steps.one.read" begins with none of'),
        ({"==": [{"var": "recipient.shoe"}, 44]}, "there is no recipient.shoe"),
        ("always", "true, false, or an object"),
        ({"==": [{"var": "payload.a"}, "x" * 17_000]}, "longer than 16384"),
        ({"==": [{"var": "payload.a"}, "\0"]}, "NUL"),
    ],
)
def test_a_condition_that_is_none_is_refused(acme: Tenant, bob: Recipient, condition: Any, problem: str) -> None:
    line = Subscription(topic=topic(acme, "x"), recipient=bob, condition=condition)

    with pytest.raises(ValidationError) as refused:
        line.full_clean()

    assert problem in str(refused.value.message_dict["condition"])
