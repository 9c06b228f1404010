"""The admin of workflows, templates and fragments: honest forms, versions, previews, and only what is one's own."""

import html
import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import Publish, workflow
from workflows import dynamic, texts
from workflows.define import send_email, send_inbox
from workflows.design import Design
from workflows.models import Definition, Fragment, Template, Workflow, WorkflowVersion
from workflows.texts import Place
from workflows.trigger import trigger

pytestmark = pytest.mark.django_db
STEPS = [dict(send_inbox(title="Hello {{ payload.name }}")), dict(send_email(title="Hello", html="<p>Hi</p>"))]
MODELS = ("workflow", "template", "fragment", "definition", "workflowversion")


def staff(person: Recipient, *verbs: str) -> Client:
    user = person.user
    assert isinstance(user, User)
    user.is_staff = True
    user.save()
    names = [f"{verb}_{model}" for verb in verbs or ("view", "add", "change", "delete") for model in MODELS]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(user)
    return client


def page(model: str, view: str, *args: Any) -> str:
    return reverse(f"admin:notifyhub_workflows_{model}_{view}", args=args)


def told(answer: Any) -> str:
    return " ".join(str(one) for one in get_messages(answer.wsgi_request))


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, answer.content
    return html.unescape(answer.content.decode())


def form(tenant: Tenant, **given: Any) -> dict[str, Any]:
    said = {"tenant": tenant.pk, "key": "t.own", "name": "Own", "tab": "general", "steps": json.dumps(STEPS)}
    return {**said, "payload_schema": "", "sample": '{"name": "Ada"}', "tags": "a, b", **given}


def test_a_list_of_runs_has_room_for_what_it_says(alice: Recipient, admin_client: Client, hello: None) -> None:
    run = trigger("hello", tenant=alice.tenant, recipients=[{"everyone": True}]).transaction_id

    found = text(admin_client, page("run", "changelist"))

    assert f'<code title="{run}">…{run[-12:]}</code>' in found
    assert "Shown status" not in found


@pytest.fixture
def alices(alice: Recipient) -> Client:
    return staff(alice)


@pytest.fixture
def own(acme: Tenant) -> Workflow:
    return dynamic.create(acme, "t.own", Design("Own", steps=STEPS, sample={"name": "Ada"}))


@pytest.fixture
def order(publish: Publish) -> None:
    publish(workflow("t.order", send_inbox(title="Order"), send_email(title="Order")))


# -- workflows -----------------------------------------------------------------------------------------------------


def test_a_draft_is_added_published_changed_and_archived(alices: Client, acme: Tenant) -> None:
    alices.post(page("workflow", "add"), form(acme))
    row = Workflow.objects.get(tenant=acme)
    published = alices.post(page("workflow", "publish", row.pk), {"note": "The first"})
    alices.post(page("workflow", "change", row.pk), form(acme, name="Renamed"))
    shown = text(alices, page("workflow", "change", row.pk))
    archived = alices.post(page("workflow", "archive", row.pk))

    row.refresh_from_db()
    assert (row.name, row.tags, row.steps, row.status) == ("Renamed", ["a", "b"], STEPS, "archived")
    assert "Version 1 is in force" in told(published)
    assert "the draft says something else" in shown
    assert "not in force any more" in told(archived)
    version = WorkflowVersion.objects.get(tenant=acme)
    assert (version.published_by, version.note) == ("alice@acme", "The first")


def test_an_empty_field_is_shown_empty(alices: Client) -> None:
    shown = alices.get(page("workflow", "add")).context["adminform"].form

    assert [shown[name].value() for name in ("payload_schema", "sample", "steps")] == ["", "", ""]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": '[\n  {"kind": }]'}, "Line 2, column 12"),
        ({"steps": "{}"}, "Must be a list"),
        ({"steps": '["send"]'}, "Must be an object with a `kind`"),
        ({"sample": "[]"}, "Must be an object"),
        ({"sample": "[" * 100_000}, "not JSON"),
        ({"sample": '{"x": "\\u0000"}'}, "NUL"),
        ({"key": "a b"}, "Its key is"),
        ({"name": ""}, "required"),
        ({"tags": "a, a"}, "different texts"),
    ],
)
def test_a_mistake_is_told_at_its_field(alices: Client, acme: Tenant, change: dict[str, str], words: str) -> None:
    answer = alices.post(page("workflow", "add"), form(acme, **change))

    assert answer.status_code == 200
    errors = answer.context["adminform"].form.errors
    assert list(errors) == list(change)
    assert words in str(errors.as_json()).replace("\\u0060", "`")
    assert not Workflow.objects.filter(tenant=acme).exists()


def test_saving_says_what_keeps_it_from_being_published_and_what_looks_wrong(alices: Client, acme: Tenant) -> None:
    schema = json.dumps({"type": "object", "properties": {"nam": {}}, "additionalProperties": False})
    typo = json.dumps([{"kind": "teleport"}, STEPS[0]])

    answer = alices.post(page("workflow", "add"), form(acme, payload_schema=schema, steps=typo, sample=""))
    row = Workflow.objects.get(tenant=acme)
    refused = alices.post(page("workflow", "publish", row.pk))

    assert "Before it can be published: Step 1: there is no step 'teleport'" in told(answer)
    assert "Did you mean `payload.nam`?" in told(answer)
    assert "there is no step 'teleport'" in told(refused)
    assert Workflow.objects.get(tenant=acme).published_id is None


def test_versions_are_listed_compared_and_gone_back_to(alices: Client, own: Workflow) -> None:
    dynamic.publish(own, now=db_now(), by="Ines", note="The first")
    dynamic.change(own, name="Second", steps=STEPS[:1])
    dynamic.publish(own, now=db_now())

    shown = text(alices, page("workflow", "change", own.pk))
    compared = text(alices, f"{page('workflow', 'diff', own.pk)}?from=1&to=2")
    same = text(alices, f"{page('workflow', 'diff', own.pk)}?from=2")
    back = alices.post(page("workflow", "rollback", own.pk), {"version": "1"})

    assert "The first" in shown
    assert "Ines" in shown
    assert "<code>name</code>" in compared
    assert "<code>steps[1]</code>" in compared
    assert "They say the same" in same
    assert "is in force again, as version 3" in told(back)
    assert Workflow.objects.get(tenant=own.tenant).name == "Own"
    assert alices.get(f"{page('workflow', 'diff', own.pk)}?from=9").status_code == 404
    assert "no version 0" in told(alices.post(page("workflow", "rollback", own.pk), {"version": "x"}))


def test_a_preview_shows_every_channel_and_the_mail_in_a_frame_where_nothing_runs(
    alices: Client, own: Workflow
) -> None:
    url = page("workflow", "preview", own.pk)

    shown, mail = text(alices, url), alices.get(f"{url}?html=1")

    assert "Hello Ada" in shown
    assert "sandbox" in shown.partition("<iframe")[2].partition(">")[0]
    assert "<p>Hi</p>" in mail.content.decode()
    assert mail.headers["Content-Security-Policy"].startswith("sandbox;")
    assert alices.get(f"{url}?html=7").status_code == 404
    assert alices.get(f"{url}?html=x").status_code == 404


@pytest.mark.parametrize("kind", ["slack", "teams"])
def test_a_preview_draws_what_a_chat_would_show(alices: Client, own: Workflow, kind: str) -> None:
    step = {"kind": "send", "channel": kind, "template": {"title": "Hello <b> & [x](y)", "body": "Hi"}}
    dynamic.change(own, steps=[step])

    shown = text(alices, page("workflow", "preview", own.pk))

    assert f"nh-drawn--{kind}" in shown
    assert 'nh-drawn__title" dir="auto">Hello <b> & [x](y)</p>' in shown


def test_what_is_in_force_is_not_deleted(alices: Client, own: Workflow) -> None:
    dynamic.publish(own, now=db_now())
    chosen = {"action": "delete_selected", "_selected_action": [own.pk], "post": "yes"}

    assert alices.post(page("workflow", "delete", own.pk), {"post": "yes"}).status_code == 403
    alices.post(page("workflow", "changelist"), chosen)
    assert Workflow.objects.filter(tenant=own.tenant).exists()

    dynamic.archive(own)
    alices.post(page("workflow", "delete", own.pk), {"post": "yes"})
    assert not Workflow.objects.filter(tenant=own.tenant).exists()


def test_a_stranger_sees_and_changes_nothing(mallory: Recipient, own: Workflow, order: None) -> None:
    version = dynamic.publish(own, now=db_now())
    fragment = texts.save_fragment(own.tenant, "snippet", "canary", "x")
    template = texts.create(own.tenant, Place("t.order", "inbox"), {"title": "canary"})
    client = staff(mallory)

    for model, row in (("workflow", own), ("template", template), ("fragment", fragment)):
        assert client.get(page(model, "change", row.pk)).status_code == 302
        assert "canary" not in text(client, page(model, "changelist"))
    assert client.get(page("definition", "change", version.definition_id)).status_code == 302
    for view in ("preview", "diff"):
        assert client.get(page("workflow", view, own.pk)).status_code == 404
    for verb in ("publish", "archive", "rollback"):
        assert client.post(page("workflow", verb, own.pk), {"version": 1}).status_code == 404
    assert client.get(page("template", "preview", template.pk)).status_code == 404
    assert client.post(page("template", "rollback", template.pk), {"version": 1}).status_code == 404
    assert Workflow.objects.get(tenant=own.tenant).published_id == version.definition_id


def test_who_may_only_look_presses_nothing(alice: Recipient, own: Workflow) -> None:
    client = staff(alice, "view")

    assert "Publish" not in text(client, page("workflow", "change", own.pk))
    assert client.post(page("workflow", "publish", own.pk)).status_code == 403
    assert client.get(page("workflow", "publish", own.pk)).status_code == 404


def test_whoever_runs_a_tenant_sees_its_versions_and_the_static_ones(
    alices: Client, own: Workflow, mallory: Recipient
) -> None:
    version = dynamic.publish(own, now=db_now())
    strange = Definition.objects.create(hash="a" * 64, key="t.strange", body={"key": "t.strange"})

    assert alices.get(page("definition", "change", version.definition_id)).status_code == 200
    assert alices.get(page("definition", "change", strange.pk)).status_code == 302


# -- templates and fragments ---------------------------------------------------------------------------------------


def template_form(tenant: Tenant, **given: Any) -> dict[str, Any]:
    place = {"tenant": tenant.pk, "workflow": "t.order", "channel": "inbox", "step": "", "locale": "", "layout": ""}
    return {**place, "text_title": "Acme", "text_actions": "", **given}


def test_a_template_is_added_changed_previewed_and_deleted(alices: Client, acme: Tenant, order: None) -> None:
    texts.save_fragment(acme, "layout", "brand", "<b>Brand</b><!-- content -->")
    given = template_form(acme, channel="email", text_markdown="*Hi*", layout="brand", text_level="warning")
    alices.post(page("template", "add"), given)
    row = Template.objects.get(tenant=acme)
    assert (row.texts, row.layout) == ({"title": "Acme", "markdown": "*Hi*", "level": "warning"}, "brand")

    alices.post(page("template", "change", row.pk), {**given, "text_title": "", "text_level": ""})
    shown = text(alices, page("template", "change", row.pk))
    mail = alices.get(f"{page('template', 'preview', row.pk)}?html=0").content.decode()

    assert Template.objects.get(tenant=acme).texts == {"markdown": "*Hi*"}
    assert "*Hi*" in shown
    back = alices.post(page("template", "rollback", row.pk), {"version": "1"})
    assert "what version 1 said" in told(back)
    assert Template.objects.get(tenant=acme).texts == row.texts
    assert alices.post(page("template", "rollback", row.pk), {"version": "x"}).status_code == 404
    assert "<b>Brand</b><p><em>Hi</em></p>" in mail
    alices.post(page("template", "delete", row.pk), {"post": "yes"})
    assert not Template.objects.filter(tenant=acme).exists()


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"text_title": "{% if %}"}, "text_title", "line 1, column"),
        ({"text_subject": "x"}, "text_subject", "Unknown field"),
        ({"text_actions": '[{"label": "{{", "url": "/"}]'}, "text_actions", "actions[0].label"),
        ({"workflow": "t.none"}, "workflow", "no workflow"),
        ({"step": "7"}, "step", "No send on inbox stands there"),
        ({"locale": "klingon!"}, "locale", "de-at"),
        ({"layout": "brand"}, "layout", "no layout"),
        ({"text_title": ""}, "__all__", "Has no text"),
        ({"text_title": "{% snippet 'none' %}"}, "__all__", "no snippet"),
    ],
)
def test_a_mistake_of_a_template_is_told_at_its_field(
    alices: Client, acme: Tenant, order: None, change: dict[str, str], field: str, words: str
) -> None:
    answer = alices.post(page("template", "add"), template_form(acme, **change))

    assert answer.status_code == 200
    errors = answer.context["adminform"].form.errors
    assert list(errors) == [field]
    assert words in errors.as_text()


def test_a_second_template_of_a_place_is_refused_in_the_form(alices: Client, acme: Tenant, order: None) -> None:
    texts.create(acme, Place("t.order", "inbox"), {"title": "x"})

    answer = alices.post(page("template", "add"), template_form(acme))

    assert answer.status_code == 200
    assert "already exists" in answer.context["adminform"].form.errors.as_text()


def test_a_fragment_is_added_changed_and_kept_while_it_is_used(alices: Client, acme: Tenant, order: None) -> None:
    given = {"tenant": acme.pk, "kind": "snippet", "name": "sign", "source": "Yours"}
    alices.post(page("fragment", "add"), given)
    row = Fragment.objects.get(tenant=acme)
    texts.create(acme, Place("t.order", "inbox"), {"title": "{% snippet 'sign' %}"})

    changed = alices.post(page("fragment", "change", row.pk), {"source": "Truly"})
    broken = alices.post(page("fragment", "change", row.pk), {"source": "{% snippet 'sign' %}"})
    kept = alices.post(page("fragment", "delete", row.pk), {"post": "yes"})

    assert changed.status_code == 302
    assert "deep in each other" in broken.context["adminform"].form.errors.as_text()
    assert "sign, by templates of t.order" in kept.content.decode()
    assert "deleted" not in told(kept)
    assert Fragment.objects.get(tenant=acme).source == "Truly"
