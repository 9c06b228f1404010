"""Who is meant: everybody matched, once, in pages, of one tenant."""

import random
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from notifications.models import Recipient, Role, Subscription, Tenant, Topic
from notifications.targets import follow, mute
from notifications.topics import nest
from tests.cast import crowd, member, statements, topic
from workflows.addresses import Address
from workflows.audience import (
    ADMINS,
    Audience,
    UnknownRecipients,
    among,
    count,
    page,
    resolve_many,
    spell,
)
from workflows.groups import small_groups

pytestmark = pytest.mark.django_db
DOC = "document:17"


def everybody(audience: Audience, tenant: Tenant, *, limit: int = 1000, without: int | None = None) -> list[int]:
    """All pages, one after the other."""
    found: list[int] = []
    while part := page(audience, tenant_id=tenant.pk, after=found[-1] if found else 0, limit=limit, without=without):
        found += part
    return found


def resolve(tenant: Tenant, *names: Any) -> Audience:
    (audience,) = resolve_many([spell(names)], tenant=tenant)
    if isinstance(audience, UnknownRecipients):
        raise audience
    return audience


def test_a_hundred_people_matched_in_forty_ways_are_a_hundred_people(acme: Tenant) -> None:
    people = crowd(acme, 100, role=Role.ADMIN)
    topics = [topic(acme, f"t{n}", *people) for n in range(40)]

    audience = resolve(acme, *topics, {"role": "admin"}, *people)

    assert everybody(audience, acme, limit=33) == [person.pk for person in people]
    assert count(audience, tenant_id=acme.pk, without=None) == 100


@pytest.mark.parametrize("seed", range(12))
def test_page_by_page_is_the_same_as_one_large_set(acme: Tenant, globex: Tenant, seed: int) -> None:
    chance = random.Random(seed)
    people = crowd(acme, 60) + crowd(acme, 20, prefix="a", role=Role.ADMIN) + crowd(acme, 8, prefix="x", active=False)
    chance.shuffle(people)
    crowd(globex, 10, role=Role.ADMIN)
    groups = [chance.sample([one for one in people if one.active], chance.randint(0, 40)) for _ in range(5)]
    topics = [topic(acme, f"t{n}", *group) for n, group in enumerate(groups)]
    named = chance.sample([one for one in people if one.active], chance.randint(0, 30))
    roles = chance.sample(list(Role.values), chance.randint(0, 2))
    out = chance.choice(people).pk

    audience = resolve(
        acme,
        *named,
        *topics,
        *({"role": role} for role in roles),
        {"user": people[0].external_id} if people[0].active else {"role": "owner"},
    )

    expected = {one.pk for one in [*named, *(member for group in groups for member in group)]}
    expected |= {one.pk for one in people if one.active and one.role in roles}
    expected |= {people[0].pk} if people[0].active else set()
    limit = chance.choice([1, 7, 1000])
    assert everybody(audience, acme, limit=limit, without=out) == sorted(expected - {out})
    assert count(audience, tenant_id=acme.pk, without=out) == len(expected - {out})


def test_a_page_is_full_unless_it_is_the_last_however_much_the_topics_overlap(acme: Tenant) -> None:
    """The engine takes a short page for the end."""
    people = crowd(acme, 30)
    topics = [topic(acme, f"t{n}", *people) for n in range(10)]

    found = page(resolve(acme, *topics), tenant_id=acme.pk, after=0, limit=20, without=people[0].pk)

    assert found == [person.pk for person in people[1:21]]


def test_everyone_is_every_active_person_of_this_tenant(acme: Tenant, globex: Tenant) -> None:
    people = crowd(acme, 25)
    crowd(acme, 3, prefix="gone", active=False)
    crowd(globex, 5)

    assert everybody(Audience(everyone=True), acme, limit=10) == [person.pk for person in people]


def test_nobody_named_means_owners_and_admins(acme: Tenant, alice: Recipient, bob: Recipient) -> None:
    owner = member(acme, "olga", role=Role.OWNER)

    for nobody in (None, []):
        (audience,) = resolve_many([nobody], tenant=acme)
        assert audience == ADMINS
        assert everybody(audience, acme) == [alice.pk, owner.pk]


def test_every_way_to_name_a_person_finds_them(acme: Tenant, alice: Recipient) -> None:
    ways: list[Any] = [
        alice,
        alice.user,
        "alice",
        {"user": "alice"},
        {"id": str(alice.public_id)},
        {"id": str(alice.public_id).upper()},
        {"id": alice.public_id.hex},
    ]

    assert [resolve(acme, way).people for way in ways] == [(alice.pk,)] * len(ways)


def test_people_of_others_are_refused_by_name(acme: Tenant, alice: Recipient, mallory: Recipient) -> None:
    theirs = topic(mallory.tenant, "secret", mallory)
    names: list[Any] = [mallory, mallory.user, "mallory", theirs, {"id": str(mallory.public_id)}, alice]

    with pytest.raises(UnknownRecipients) as refused:
        resolve(acme, *names)

    assert set(refused.value.names) == {
        f"id {mallory.public_id}",
        f"account {mallory.user_id}",
        "user mallory",
        "topic secret",
    }


@pytest.mark.parametrize(
    "unknown",
    [
        {"user": "nobody"},
        {"id": "0197f3a0-0000-7000-8000-000000000000"},
        {"id": "not a uuid"},
        {"topic": "nothing"},
        {"role": "king"},
    ],
)
def test_what_is_not_there_is_refused_by_name(acme: Tenant, unknown: dict[str, str]) -> None:
    with pytest.raises(UnknownRecipients) as refused:
        resolve(acme, unknown)

    form, value = next(iter(unknown.items()))
    assert list(refused.value.names) == [f"{form} {value}"]


@pytest.mark.once
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"user": "a", "role": "admin"},
        {"who": "a"},
        {"user": ""},
        {"user": "x" * 256},
        {"user": 7},
        {"everyone": False},
        {"everyone": "yes"},
        {"account": 1},
        7,
        None,
        ["alice"],
    ],
)
def test_what_is_no_name_is_refused(given: Any) -> None:
    with pytest.raises(UnknownRecipients):
        spell([given])


def test_a_person_who_left_cannot_be_named(acme: Tenant) -> None:
    crowd(acme, 1, active=False)

    with pytest.raises(UnknownRecipients):
        resolve(acme, "p0")


def test_a_django_user_in_two_tenants_is_the_person_of_this_one(acme: Tenant, globex: Tenant, alice: Recipient) -> None:
    there = Recipient.objects.create(tenant=globex, user=alice.user, external_id="a")

    assert resolve(globex, get_user_model().objects.get(pk=alice.user_id)).people == (there.pk,)


def test_resolving_costs_the_same_however_many_are_named(acme: Tenant, django_assert_max_num_queries: Any) -> None:
    people = crowd(acme, 500)
    topics = [topic(acme, f"t{n}") for n in range(50)]

    with django_assert_max_num_queries(3, connection=connection):
        found = resolve_many([spell([person, *topics]) for person in people], tenant=acme)

    assert all(isinstance(one, Audience) for one in found)


def test_small_groups_are_read_together_and_large_ones_are_left_out(acme: Tenant) -> None:
    few, many = crowd(acme, 3), crowd(acme, 6, prefix="q", role=Role.ADMIN)
    small, large = topic(acme, "small", *few), topic(acme, "large", *many)

    topics, roles, _ = small_groups(
        [Audience(topics=(small.pk, large.pk), roles=("admin", "owner"))], tenant_id=acme.pk, most=5
    )

    assert {key: sorted(found) for key, found in topics.items()} == {small.pk: [one.pk for one in few]}
    assert roles == {"owner": []}


def test_small_groups_cost_the_same_however_many_topics_are_named(
    acme: Tenant, django_assert_max_num_queries: Any
) -> None:
    people = crowd(acme, 5)
    topics = Topic.objects.bulk_create(Topic(tenant=acme, key=f"t{n}") for n in range(200))
    Subscription.objects.bulk_create(Subscription(topic=one, recipient=person) for one in topics for person in people)

    with django_assert_max_num_queries(4, connection=connection):
        found = small_groups([Audience(topics=(one.pk,)) for one in topics], tenant_id=acme.pk, most=100)

    assert len(found.topics) == 200


def test_who_follows_what_lies_in_a_topic_is_in_its_audience_once(acme: Tenant) -> None:
    people = crowd(acme, 30)
    top, middle, low = (topic(acme, key, *people[n * 8 : n * 8 + 12]) for n, key in enumerate(("top", "middle", "low")))
    nest(top, ["middle"])
    nest(middle, ["low"])

    assert everybody(Audience(topics=(top.pk,)), acme, limit=7) == [one.pk for one in people[:28]]
    assert everybody(Audience(topics=(middle.pk, low.pk)), acme, limit=7) == [one.pk for one in people[8:28]]
    assert count(Audience(topics=(top.pk,)), tenant_id=acme.pk, without=people[0].pk) == 27


def test_a_page_costs_the_same_with_one_topic_inside_and_with_fifty(acme: Tenant) -> None:
    people, top = crowd(acme, 20), topic(acme, "top")
    for n in range(50):
        topic(acme, f"t{n}", *people[n % 10 :])

    with statements() as one:
        page(Audience(topics=(top.pk,)), tenant_id=acme.pk, after=0, limit=5, without=None)
    nest(top, [f"t{n}" for n in range(50)])
    with statements() as many:
        found = page(Audience(topics=(top.pk,)), tenant_id=acme.pk, after=0, limit=5, without=None)

    assert (len(one), len(many)) == (2, 2)
    assert found == [person.pk for person in people[:5]]


def test_a_small_topic_counts_with_what_lies_in_it(acme: Tenant) -> None:
    few, many = crowd(acme, 4), crowd(acme, 4, prefix="q")
    top, _inner = topic(acme, "top", *few), topic(acme, "inner", *many, few[0])
    nest(top, ["inner"])
    asked = [Audience(topics=(top.pk,))]

    assert small_groups(asked, tenant_id=acme.pk, most=8).topics == {top.pk: [one.pk for one in (*few, *many)]}
    assert small_groups(asked, tenant_id=acme.pk, most=7).topics == {}


def test_followers_of_an_object_are_an_audience_in_pages(acme: Tenant, globex: Tenant) -> None:
    people = crowd(acme, 12)
    gone, other, stranger = (
        crowd(acme, 1, prefix="x", active=False)[0],
        crowd(acme, 1, prefix="y")[0],
        crowd(globex, 1)[0],
    )
    follow([*people, gone, stranger], DOC)
    mute([people[3], other], DOC)
    follow([other], "document:18")
    rest = [one.pk for one in people if one is not people[3]]

    audience = Audience(followers=DOC)

    assert everybody(audience, acme, limit=5) == rest
    assert among(audience, [people[0].pk, people[3].pk, other.pk], tenant_id=acme.pk, without=None) == {people[0].pk}
    assert small_groups([audience], tenant_id=acme.pk, most=11).followers == {DOC: rest}
    assert small_groups([audience], tenant_id=acme.pk, most=10).followers == {}


def test_followers_of_nothing_are_refused(acme: Tenant) -> None:
    with pytest.raises(UnknownRecipients, match="give it a `target`"):
        resolve(acme, {"followers": True})


@pytest.mark.once
@pytest.mark.parametrize(
    "audience",
    [
        Audience(),
        ADMINS,
        Audience((1, 2), (3,), ("admin",)),
        Audience(everyone=True),
        Audience(followers=DOC),
        Audience(addresses=(Address("a@b.example", "Ann"),)),
    ],
)
def test_an_audience_survives_being_stored(audience: Audience) -> None:
    assert Audience.from_json(audience.to_json()) == audience
