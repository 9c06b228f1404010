"""A tenant's templates: checked when saved, in force for the next trigger, each person in their language."""

from typing import Any

import pytest

from channels_delivery.models import Message
from notifications.models import Recipient, Tenant
from tests.cast import Publish, crowd, run_named, statements, titles, workflow
from workflows import dynamic, engine, texts
from workflows.catalogue import in_force
from workflows.define import Workflow, delay, send, send_email, send_inbox
from workflows.models import Definition, Fragment, Template, TemplateVersion, Wording
from workflows.refusals import Invalid, NotNow, Taken, Unknown
from workflows.texts import Place
from workflows.trigger import trigger

pytestmark = pytest.mark.django_db
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "items": {"type": "array", "items": {"$ref": "#/$defs/item"}}},
    "$defs": {"item": {"type": "object", "properties": {"sku": {"type": "string"}}, "additionalProperties": False}},
}


@pytest.fixture
def order(publish: Publish) -> Workflow:
    return publish(
        workflow(
            "t.order",
            send_inbox(title="Order of {{ payload.name }}", url="/orders", level="success"),
            send_email(title="Order", body="Thank you"),
            send_inbox(title="Still open"),
            payload=SCHEMA,
        )
    )


INBOX = Place("t.order", "inbox", step="0")


def told(tenant: Tenant, person: Recipient, key: str = "t.order") -> list[str]:
    """What lies in the inbox after one run, in the order of the steps."""
    before = len(titles(person))
    trigger(key, tenant=tenant, recipients=[person], payload={"name": "Ada"})
    engine.drain()
    return titles(person)[: len(titles(person)) - before][::-1]


def test_a_template_takes_the_place_of_the_texts_of_its_step(acme: Tenant, bob: Recipient, order: Workflow) -> None:
    texts.create(acme, INBOX, {"title": "Acme thanks {{ payload.name }}"})

    assert told(acme, bob) == ["Acme thanks Ada", "Still open"]


def test_without_a_step_it_is_for_every_send_on_its_channel(acme: Tenant, bob: Recipient, order: Workflow) -> None:
    texts.create(acme, Place("t.order", "inbox"), {"title": "Everywhere"})
    texts.create(acme, INBOX, {"title": "Here"})

    assert told(acme, bob) == ["Here", "Everywhere"]


def test_what_it_does_not_say_stays(acme: Tenant, order: Workflow) -> None:
    texts.create(acme, INBOX, {"title": "Acme"})

    _, body = in_force(["t.order"], tenant=acme)["t.order"]

    assert body.steps[0]["template"] == {"title": "Acme", "url": "/orders", "level": "success"}


def test_it_is_for_its_tenant_alone(acme: Tenant, mallory: Recipient, order: Workflow) -> None:
    texts.create(acme, INBOX, {"title": "Acme"})

    assert told(mallory.tenant, mallory) == ["Order of Ada", "Still open"]


def test_a_change_is_in_force_for_the_next_trigger_and_a_removal_too(
    acme: Tenant, bob: Recipient, order: Workflow
) -> None:
    row = texts.create(acme, INBOX, {"title": "One"})
    assert told(acme, bob)[0] == "One"

    texts.change(row, texts={"title": "Two"})
    assert told(acme, bob)[0] == "Two"

    texts.delete(row)
    assert told(acme, bob)[0] == "Order of Ada"
    assert not Wording.objects.filter(tenant=acme).exists()


def test_what_it_said_is_kept_and_said_again(acme: Tenant, bob: Recipient, order: Workflow) -> None:
    row = texts.create(acme, INBOX, {"title": "One"}, by="Alice")
    texts.change(row, texts={"title": "Two"}, by="Ines")
    texts.change(row, texts={"title": "Two"}, by="nobody: it says the same")

    texts.rollback(row, 1, by="Bob")

    versions = TemplateVersion.objects.filter(tenant=acme).order_by("number").values_list("number", "texts", "saved_by")
    assert list(versions) == [
        (1, {"title": "One"}, "Alice"),
        (2, {"title": "Two"}, "Ines"),
        (3, {"title": "One"}, "Bob"),
    ]
    assert told(acme, bob)[0] == "One"
    with pytest.raises(Unknown):
        texts.rollback(row, 9)


def test_a_run_in_flight_keeps_its_words(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.two", send_inbox(title="a"), delay(seconds=1), send_inbox(title="b")))
    row = texts.create(acme, Place("t.two", "inbox", step="2"), {"title": "As it was"})
    answer = trigger("t.two", tenant=acme, recipients=[bob])

    texts.change(row, texts={"title": "As it is"})

    walked = Definition.objects.get(pk=run_named(answer.transaction_id).definition_id)
    assert walked.body["steps"][2]["template"]["title"] == "As it was"


def test_it_goes_with_a_tenants_own_workflow_too(acme: Tenant, bob: Recipient) -> None:
    from notifications.kernel.clock import db_now
    from workflows.design import Design

    row = dynamic.create(acme, "t.own", Design("Own", steps=[send_inbox(title="Own")]))
    dynamic.publish(row, now=db_now())
    texts.create(acme, Place("t.own", "inbox"), {"title": "In other words"})

    assert told(acme, bob, "t.own") == ["In other words"]


def test_everybody_reads_their_own_language(acme: Tenant, order: Workflow) -> None:
    texts.create(acme, Place("t.order", "inbox", "0", "de"), {"title": "Danke {{ recipient.name }}"})
    texts.create(acme, Place("t.order", "inbox", "0", "de_AT"), {"title": "Servus {{ payload.name }}"})
    people = {
        locale: crowd(acme, 1, prefix=f"{locale}-", locale=locale)[0] for locale in ("de-AT", "de_CH", "de", "fr", "")
    }

    said = {locale: told(acme, person)[0] for locale, person in people.items()}

    assert said == {
        "de-AT": "Servus Ada",
        "de_CH": "Danke De_Ch- 0",
        "de": "Danke De- 0",
        "fr": "Order of Ada",
        "": "Order of Ada",
    }


def test_who_has_no_language_reads_that_of_the_tenant(acme: Tenant, bob: Recipient, order: Workflow) -> None:
    Tenant.objects.filter(pk=acme.pk).update(locale="de")
    texts.create(acme, Place("t.order", "inbox", "0", "de"), {"title": "Danke"})

    assert told(acme, bob)[0] == "Danke"


def test_one_message_a_language_however_many_people(acme: Tenant, order: Workflow) -> None:
    texts.create(acme, Place("t.order", "email", locale="de"), {"title": "Bestellung", "markdown": "*Danke*"})
    for locale in ("de", "de-AT", "en", ""):
        crowd(acme, 5, prefix=f"x{locale}", locale=locale, email=f"x{locale}@example.com")

    trigger("t.order", tenant=acme, recipients=[{"everyone": True}], payload={"name": "Ada"})
    engine.drain()

    parts = [message.parts for message in Message.objects.filter(tenant=acme)]
    assert sorted(one["subject"] for one in parts) == ["Bestellung", "Order"]
    german = next(one for one in parts if one["subject"] == "Bestellung")
    assert "<em>Danke</em>" in german["html"]
    assert 'lang="de"' in german["html"]


def test_a_language_whose_words_fail_reads_the_default(acme: Tenant, order: Workflow) -> None:
    texts.create(
        acme,
        Place("t.order", "inbox", "0", "de"),
        {"title": "{{ payload.name | times: 'x' | sort: 5 }}{{ 1 | divided_by: 0 }}"},
    )
    (person,) = crowd(acme, 1, locale="de")

    assert told(acme, person)[0] == "Order of Ada"


def test_who_falls_back_to_the_default_reads_their_own_name_in_it(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.named", send_inbox(title="Hello {{ recipient.name }}")))
    texts.create(acme, Place("t.named", "inbox", "", "de"), {"title": "{{ recipient.role }}{{ 1 | divided_by: 0 }}"})
    people = crowd(acme, 3, locale="de")

    trigger("t.named", tenant=acme, recipients=people)
    engine.drain()

    assert [titles(one) for one in people] == [[f"Hello {one.name}"] for one in people]


FLAWED: dict[str, tuple[Place, dict[str, Any], str, str]] = {
    "no workflow": (Place("t.nothing", "inbox"), {"title": "x"}, "workflow", "t.nothing"),
    "no channel": (Place("t.order", "pigeon"), {"title": "x"}, "channel", "inbox"),
    "no such step": (Place("t.order", "inbox", "1"), {"title": "x"}, "step", "0, 2"),
    "no language": (Place("t.order", "inbox", "", "klingon!"), {"title": "x"}, "locale", "de-at"),
    "no text": (INBOX, {}, "texts", "no text"),
    "an unknown text": (INBOX, {"subject": "x"}, "texts.subject", "Unknown field"),
    "a text that is none": (INBOX, {"title": 5}, "texts.title", "text"),
    "a broken text": (INBOX, {"title": "ok", "body": "one\n {% if %}"}, "texts.body", "line 2, column"),
    "a broken button": (INBOX, {"actions": [{"label": "{{", "url": "/"}]}, "texts.actions[0].label", "line 1"),
    "an unknown filter": (INBOX, {"title": "{{ a | frobnicate }}"}, "texts.title", "frobnicate"),
    "an unknown snippet": (INBOX, {"title": "{% snippet 'x' %}"}, "texts", "no snippet 'x'"),
    "a file": (INBOX, {"title": "{% include 'x' %}"}, "texts.title", "include"),
    "a NUL": (INBOX, {"title": "\0"}, "texts", "NUL"),
}


@pytest.mark.parametrize("name", FLAWED)
def test_what_is_wrong_is_refused_with_its_place(acme: Tenant, order: Workflow, name: str) -> None:
    place, given, where, words = FLAWED[name]

    with pytest.raises(Invalid) as refused:
        texts.create(acme, place, given)

    assert list(refused.value.errors) == [where]
    assert words in refused.value.errors[where]
    assert not Template.objects.filter(tenant=acme).exists()


def test_there_is_one_of_a_place(acme: Tenant, order: Workflow) -> None:
    texts.create(acme, INBOX, {"title": "x"})

    with pytest.raises(Taken):
        texts.create(acme, INBOX, {"title": "y"})


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("{{ payload.nmae }}", "Did you mean `payload.name`?"),
        ("{{ recipient.nam }}", "Did you mean `recipient.name`?"),
        ("{{ paylod.name }}", "Did you mean `payload`?"),
        ("{{ transaction_id.x }}", ""),
        ("{% for one in payload.itens %}{{ one.sku }}{% endfor %}", "Did you mean `payload.items`?"),
        ("{% if payload.zzz %}x{% endif %}", "`payload.zzz`"),
        ("{{ payload.items.first.sku }} {{ recipient.attributes.anything.at.all }} {{ payload.items.size }}", ""),
        ("{% assign x = payload.name %}{{ x }}{{ forloop.index }}", "`forloop`"),
        ("{% for one in payload.items %}{{ forloop.index }}{{ one.anything }}{% endfor %}", ""),
    ],
)
def test_a_path_that_leads_nowhere_is_warned_of(acme: Tenant, order: Workflow, text: str, meant: str) -> None:
    warnings = texts.inspect(acme, INBOX, {"title": text}).warnings

    assert [one.where for one in warnings] == (["texts.title"] if meant else [])
    assert all(meant in one.message for one in warnings)


def test_snippets_and_layouts_stand_in_the_mail_and_change_with_one_save(acme: Tenant, order: Workflow) -> None:
    texts.save_fragment(acme, "snippet", "name", "Acme {{ payload.name }}")
    texts.save_fragment(acme, "snippet", "footer", "<i>{% snippet 'name' %}</i>")
    texts.save_fragment(acme, "layout", "brand", "<div><!-- content -->{% snippet 'footer' %}</div>")
    texts.create(acme, Place("t.order", "email"), {"html": "<p>{% snippet 'name' %}</p>"}, layout="brand")
    assert _mail(acme) == "<div><p>Acme Ada</p><i>Acme Ada</i></div>"

    texts.save_fragment(acme, "snippet", "name", "ACME & Co")

    assert _mail(acme) == "<div><p>ACME &amp; Co</p><i>ACME &amp; Co</i></div>"


def _mail(tenant: Tenant) -> str:
    """The HTML of the latest mail, without what is around it."""
    crowd(tenant, 1, prefix=f"m{Message.objects.filter(tenant=tenant).count()}-", email="ada@example.com")
    trigger("t.order", tenant=tenant, recipients=[{"everyone": True}], payload={"name": "Ada"})
    engine.drain()
    html: str = Message.objects.filter(tenant=tenant).latest("pk").parts["html"]
    start = html.index("<div>") + len("<div>")
    return html[start : html.index("</div></div>") + len("</div>")]


def test_a_fragment_that_would_break_a_template_is_refused(acme: Tenant, order: Workflow) -> None:
    texts.save_fragment(acme, "snippet", "part", "fine")
    texts.create(acme, INBOX, {"title": "{% snippet 'part' %}", "body": "{% snippet 'part' %}"})

    with pytest.raises(Invalid) as refused:
        texts.save_fragment(acme, "snippet", "part", "{% snippet 'part' %}")

    assert "deep" in " ".join(refused.value.errors.values())
    assert Fragment.objects.get(tenant=acme).source == "fine"


def test_snippets_that_grow_without_end_are_refused(acme: Tenant, order: Workflow) -> None:
    texts.save_fragment(acme, "snippet", "a", "x" * 30_000)
    texts.save_fragment(acme, "snippet", "b", "{% snippet 'a' %}" * 2_000)

    with pytest.raises(Invalid, match="missing or wrong"):
        texts.create(acme, INBOX, {"title": "{% snippet 'b' %}"})


def test_a_fragment_in_use_is_not_removed(acme: Tenant, order: Workflow) -> None:
    inner = texts.save_fragment(acme, "snippet", "inner", "x")
    texts.save_fragment(acme, "snippet", "outer", "{% snippet 'inner' %}")
    row = texts.create(acme, INBOX, {"title": "{% snippet 'outer' %}"})

    with pytest.raises(NotNow, match=r"t\.order"):
        texts.delete_fragment(inner)

    texts.delete(row)
    texts.delete_fragment(inner)
    assert not Fragment.objects.filter(tenant=acme, name="inner").exists()


@pytest.mark.parametrize(
    ("kind", "name", "source", "where"),
    [("page", "x", "x", "kind"), ("snippet", "a b", "x", "name"), ("layout", "x", "{% if %}", "source")],
)
def test_a_fragment_that_is_wrong_is_refused(acme: Tenant, kind: str, name: str, source: str, where: str) -> None:
    with pytest.raises(Invalid) as refused:
        texts.save_fragment(acme, kind, name, source)

    assert list(refused.value.errors) == [where]


def test_a_wording_that_does_not_fit_costs_itself_alone(acme: Tenant, bob: Recipient, order: Workflow) -> None:
    Wording.objects.create(tenant=acme, key="t.order", hash="broken", texts=[{"no": "sense"}])

    assert told(acme, bob) == ["Order of Ada", "Still open"]


def test_a_trigger_with_templates_takes_no_more_statements_for_many_keys(
    acme: Tenant, globex: Tenant, publish: Publish
) -> None:
    from workflows.trigger import Trigger, trigger_many

    counts = []
    for tenant, size in ((acme, 2), (globex, 30)):
        for n in range(size):
            publish(workflow(f"t.{tenant.slug}.{n}", send_inbox(title="x")))
            texts.create(tenant, Place(f"t.{tenant.slug}.{n}", "inbox"), {"title": f"{tenant.slug} {n}"})
        crowd(tenant, 1, role="admin")
        with statements() as found:
            trigger_many([Trigger(f"t.{tenant.slug}.{n}") for n in range(size)], tenant=tenant)
        counts.append(len(found))

    assert counts[0] == counts[1] < 10


def test_values_of_a_payload_stay_text_in_markdown(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.md", send("email", title="x", markdown="Hi {{ payload.name }}, [go]({{ payload.url }})")))
    (person,) = crowd(acme, 1, email="ada@example.com")
    name = "*Ada* [bank](https://evil.example) <b>x</b>\n# big `code`"

    trigger("t.md", tenant=acme, recipients=[person], payload={"name": name, "url": "https://a.example/x_y?z=(1)"})
    engine.drain()

    html = Message.objects.get(tenant=acme).parts["html"]
    assert "*Ada* [bank](https://evil.example) &lt;b&gt;x&lt;/b&gt; # big `code`" in html
    assert 'href="https://a.example/x_y?z=(1)"' in html
