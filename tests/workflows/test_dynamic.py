"""A tenant's own workflows: drafted, published, archived, and taken back to a version."""

from typing import Any

import pytest

from notifications.kernel.clock import db_now
from notifications.models import Category, NoticeType, Recipient, Tab, Tenant
from tests.cast import Publish, rolled_back, run_named, statements, titles, workflow
from workflows import catalogue, dynamic, engine
from workflows.define import delay, send, send_inbox
from workflows.design import Design
from workflows.models import Definition, Run, Workflow, WorkflowStatus, WorkflowVersion
from workflows.refusals import Invalid, NotNow, Taken, Unknown, UnknownWorkflow
from workflows.trigger import Trigger, trigger, trigger_many

pytestmark = pytest.mark.django_db
HELLO = send_inbox(title="Hello {{ payload.name }}")


def draft(tenant: Tenant, *steps: Any, key: str = "t.own", **given: Any) -> Workflow:
    return dynamic.create(tenant, key, Design(given.pop("name", "Own"), steps=steps or (HELLO,), **given))


def publish(row: Workflow, **given: Any) -> WorkflowVersion:
    return dynamic.publish(row, now=db_now(), **given)


def said(tenant: Tenant, person: Recipient, key: str = "t.own") -> str:
    """What the person is told now."""
    trigger(key, tenant=tenant, recipients=[person], payload={"name": "Ada"})
    engine.drain()
    return titles(person)[0]


def test_a_draft_cannot_be_triggered(acme: Tenant) -> None:
    draft(acme)

    with pytest.raises(UnknownWorkflow):
        trigger("t.own", tenant=acme)


def test_what_is_published_is_in_force(acme: Tenant, bob: Recipient) -> None:
    publish(draft(acme))

    assert said(acme, bob) == "Hello Ada"


def test_a_draft_that_changes_leaves_what_is_in_force_alone(acme: Tenant, bob: Recipient) -> None:
    row = draft(acme)
    publish(row)

    dynamic.change(row, steps=[send_inbox(title="Changed")])

    assert said(acme, bob) == "Hello Ada"


def test_each_publication_is_a_version_and_the_same_again_is_none(acme: Tenant) -> None:
    row = draft(acme)
    first = publish(row, by="Alice", note="The first")

    again = publish(row, by="Bob")
    dynamic.change(row, name="Changed")
    second = publish(row)

    assert (again, again.published_by, again.note) == (first, "Alice", "The first")
    assert [first.number, second.number] == [1, 2]
    assert WorkflowVersion.objects.filter(tenant=acme).count() == 2


def test_a_run_in_flight_keeps_its_version(acme: Tenant, bob: Recipient) -> None:
    row = draft(acme, send_inbox(title="First"), delay(seconds=1), send_inbox(title="First again"))
    publish(row)
    answer = trigger("t.own", tenant=acme, recipients=[bob])

    dynamic.change(row, steps=[send_inbox(title="Second")])
    publish(row)
    engine.drain()

    assert titles(bob) == ["First"]
    assert run_named(answer.transaction_id).definition_id != Workflow.objects.get(tenant=acme).published_id


def test_it_comes_before_a_static_one_of_its_key_until_it_is_archived(
    acme: Tenant, bob: Recipient, mallory: Recipient, publish: Publish
) -> None:
    publish(workflow("t.both", send_inbox(title="For all")))
    row = draft(acme, send_inbox(title="Acme's own"), key="t.both")
    assert said(acme, bob, "t.both") == "For all"

    dynamic.publish(row, now=db_now())
    assert said(acme, bob, "t.both") == "Acme's own"
    assert said(mallory.tenant, mallory, "t.both") == "For all"

    dynamic.archive(row)
    assert said(acme, bob, "t.both") == "For all"


def test_what_is_archived_is_not_in_force_and_may_be_published_again(acme: Tenant, bob: Recipient) -> None:
    row = draft(acme)
    publish(row)

    archived = dynamic.archive(row)
    with pytest.raises(UnknownWorkflow):
        trigger("t.own", tenant=acme)
    publish(row)

    assert archived.status == WorkflowStatus.ARCHIVED
    assert said(acme, bob) == "Hello Ada"


def test_going_back_is_a_new_version_and_the_draft_again(acme: Tenant, bob: Recipient) -> None:
    row = draft(acme, tags=["a tag"])
    publish(row)
    dynamic.change(row, name="Other", steps=[send_inbox(title="Second")])
    publish(row)

    back = dynamic.rollback(row, 1, now=db_now(), by="Alice")

    row.refresh_from_db()
    assert (back.number, back.note, row.name, row.tags) == (3, "Back to version 1", "Own", ["a tag"])
    assert said(acme, bob) == "Hello Ada"
    with pytest.raises(Unknown):
        dynamic.rollback(row, 9, now=db_now())


def test_going_back_to_what_is_in_force_is_no_version(acme: Tenant) -> None:
    row = draft(acme)
    publish(row)
    dynamic.change(row, name="Never published")

    same = dynamic.rollback(row, 1, now=db_now())

    row.refresh_from_db()
    assert (same.number, row.name) == (1, "Own")


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no steps": ({"steps": []}, "steps"),
    "an unknown step": ({"steps": [{"kind": "teleport"}]}, "steps[0]"),
    "a broken text": ({"steps": [HELLO, send_inbox(title="{% if %}")]}, "steps[1]"),
    "a broken text in another language": ({"steps": [{**HELLO, "locales": {"de": {"title": "{{"}}}]}, "steps[0]"),
    "a language that is none": ({"steps": [{**HELLO, "locales": {"Deutsch!": {}}}]}, "steps[0]"),
    "a tab that is none": ({"tab": "attic"}, "tab"),
    "a category that is none": ({"category": "biling"}, "category"),
    "a sample that does not fit": ({"payload_schema": {"required": ["x"]}, "sample": {"y": 1}}, "sample"),
    "a schema that is none": ({"payload_schema": {"type": "unheard-of"}}, "payload_schema"),
    "a schema from elsewhere": ({"payload_schema": {"$ref": "http://127.0.0.1:9/x"}}, "payload_schema"),
    "a schema that multiplies": ({"payload_schema": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}}, "payload_schema"),
    "a schema without end": ({"payload_schema": {"enum": ["x" * 70_000]}}, "payload_schema"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_keeps_it_from_being_published_and_says_where(acme: Tenant, name: str) -> None:
    changes, where = WRONG[name]
    row = dynamic.change(draft(acme), **changes)

    with pytest.raises(Invalid) as refused:
        publish(row)

    assert list(refused.value.errors) == [where]
    assert Workflow.objects.get(tenant=acme).published_id is None


def test_a_mistake_says_line_and_column(acme: Tenant) -> None:
    row = draft(acme, send_inbox(title="one\n  {% if %}"))

    with pytest.raises(Invalid, match="mistakes") as refused:
        publish(row)

    assert "line 2, column" in refused.value.errors["steps[0]"]


def test_a_category_that_was_misspelt_is_guessed(acme: Tenant) -> None:
    Category.objects.create(tenant=acme, key="billing", name="Billing")
    row = draft(acme, category="biling")

    with pytest.raises(Invalid) as refused:
        publish(row)

    assert "'billing'" in refused.value.errors["category"]


def test_a_cascade_is_written_out_when_it_is_published(acme: Tenant) -> None:
    row = draft(acme, {"kind": "cascade", "stages": ["inbox", "email 10m"], "template": {"title": "x"}})

    body = dynamic.body_of(publish(row))

    assert [step["kind"] for step in body.steps] == ["send", "delay", "send"]


UNKEPT: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"name": ""}, "name"),
    "steps that are no list": ({"steps": {"kind": "send"}}, "steps"),
    "a step that is no object": ({"steps": ["send"]}, "steps[0]"),
    "a cascade of nothing": ({"steps": [{"kind": "cascade"}]}, "steps"),
    "a cascade that is none": ({"steps": [{"kind": "cascade", "stages": 5}]}, "steps"),
    "a NUL": ({"steps": [send_inbox(title="\0")]}, "steps"),
    "a schema that is no object": ({"payload_schema": []}, "payload_schema"),
    "a sample that is too large": ({"sample": {"x": "x" * 600_000}}, "sample"),
    "a tag twice": ({"tags": ["a", "a"]}, "tags"),
    "critical that is neither": ({"critical": "yes"}, "critical"),
}


@pytest.mark.parametrize("name", UNKEPT)
def test_what_no_draft_can_be_is_not_kept(acme: Tenant, name: str) -> None:
    row = draft(acme)
    changes, where = UNKEPT[name]

    with pytest.raises(Invalid) as refused:
        dynamic.change(row, **changes)

    assert list(refused.value.errors) == [where]


def test_a_key_is_taken_once_a_tenant(acme: Tenant, globex: Tenant) -> None:
    draft(acme)
    draft(globex)

    with pytest.raises(Taken):
        draft(acme)


def test_the_apps_below_hear_of_it_and_the_shared_kind_is_left_alone(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.both", send_inbox(title="For all")))
    catalogue.publish_static()
    Category.objects.create(tenant=acme, key="mine", name="Mine")
    row = draft(acme, HELLO, send("webhook", title="x"), key="t.both", category="mine", critical=True, tab="errors")

    dynamic.publish(row, now=db_now())

    own = NoticeType.objects.get(tenant=acme, key="t.both")
    assert (own.name, own.critical, own.tab, own.kinds) == ("Own", True, Tab.ERRORS, ["inbox", "webhook"])
    assert own.category == Category.objects.get(tenant=acme)
    assert NoticeType.objects.get(tenant=None, key="t.both").name == "T.Both"

    dynamic.archive(row)
    assert not NoticeType.objects.filter(tenant=acme, key="t.both").exists()


def test_a_publication_that_is_rolled_back_was_none(acme: Tenant, bob: Recipient) -> None:
    row = draft(acme)
    with rolled_back():
        publish(row)

    with pytest.raises(UnknownWorkflow):
        trigger("t.own", tenant=acme)
    publish(row)
    assert said(acme, bob) == "Hello Ada"


def test_it_is_removed_only_when_it_is_not_in_force(acme: Tenant, bob: Recipient) -> None:
    row = draft(acme)
    publish(row)
    answer = trigger("t.own", tenant=acme, recipients=[bob], payload={"name": "Ada"})
    with pytest.raises(NotNow):
        dynamic.delete(row)

    dynamic.archive(row)
    dynamic.delete(row)
    engine.drain()

    assert dynamic.find(acme, "t.own") is None
    assert titles(bob) == ["Hello Ada"]
    assert Run.objects.filter(tenant=acme, transaction_id=answer.transaction_id, status="sent").exists()


def test_a_version_that_this_release_cannot_read_keeps_no_other_away(
    acme: Tenant, bob: Recipient, caplog: pytest.LogCaptureFixture
) -> None:
    publish(draft(acme, key="t.fine"))
    row = draft(acme, key="t.newer")
    publish(row)
    strange = Definition.objects.create(hash="f" * 64, key="t.newer", body={"from": "the future"})
    Workflow.objects.filter(tenant=acme, pk=row.pk).update(published=strange)

    answers = trigger_many([Trigger(key, {}, [bob]) for key in ("t.newer", "t.fine")], tenant=acme)

    assert isinstance(answers[0], UnknownWorkflow)
    assert not isinstance(answers[1], Exception)
    assert "definition.unreadable" in caplog.text


def test_triggers_of_many_own_workflows_take_as_many_statements_as_of_two(
    acme: Tenant, globex: Tenant, bob: Recipient, mallory: Recipient
) -> None:
    counts = []
    for tenant, person, size in ((acme, bob, 2), (globex, mallory, 40)):
        for n in range(size):
            publish(draft(tenant, send_inbox(title=f"{tenant.slug} {n}"), key=f"t.{n}"))
        with statements() as found:
            trigger_many([Trigger(f"t.{n}", {}, [person]) for n in range(size)], tenant=tenant)
        counts.append(len(found))

    assert counts[0] == counts[1] < 10
