"""Objects that people follow or mute."""

from typing import Any

import pytest

from notifications.models import Attention, Recipient, Tenant, Topic
from notifications.targets import Target, follow, following_among, forget, lines, mute, muted_among, of_lines
from tests.cast import crowd, statements

DOC = Target("document", "17")


@pytest.mark.once
@pytest.mark.parametrize("given", [DOC, {"type": "document", "id": "17"}, "document:17"])
def test_an_object_may_be_named_in_several_ways(given: Any) -> None:
    assert Target.of(given) == DOC


@pytest.mark.once
def test_a_row_is_its_model_and_its_key() -> None:
    assert str(Target.of(Topic(pk=5))) == "notifyhub_notifications.topic:5"


@pytest.mark.once
@pytest.mark.parametrize(
    "given",
    [
        None,
        17,
        "document",
        Topic(),
        {"type": "document"},
        {"type": "document", "id": 17},
        {"type": "document", "id": ""},
        {"type": "document", "id": "a\nb"},
        {"type": "document", "id": "x" * 201},
        {"type": "Document", "id": "17"},
        {"type": "a:b", "id": "17"},
        {"type": "x" * 101, "id": "17"},
        {"type": "document", "id": "17", "name": "Plan"},
    ],
)
def test_what_is_no_object_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match="object"):
        Target.of(given)


@pytest.mark.once
def test_a_column_of_objects_is_read_as_it_was_written() -> None:
    two = [Target("document", "a:b"), Target("note", "ü 3")]

    assert of_lines(lines([*map(str, two), str(two[0])])) == tuple(two)
    assert of_lines("") == ()


@pytest.mark.django_db
def test_the_latest_word_counts(alice: Recipient, bob: Recipient) -> None:
    pairs = [(alice.pk, str(DOC)), (bob.pk, str(DOC)), (bob.pk, "note:3")]

    follow([alice, bob], DOC)
    mute([bob], DOC)

    assert following_among(pairs) == {(alice.pk, str(DOC))}
    assert muted_among(pairs) == {(bob.pk, str(DOC))}
    assert forget([alice, bob], DOC) == 2
    assert forget([alice, bob], DOC) == 0
    assert not Attention.objects.across_tenants().exists()


@pytest.mark.django_db
def test_a_hundred_people_follow_in_one_statement(acme: Tenant) -> None:
    people = crowd(acme, 100)

    with statements() as found:
        follow(people, DOC)

    assert len(found) == 1
    assert len(following_among([(one.pk, str(DOC)) for one in people])) == 100
