"""What is tried against template engines, in every text and in every value: it stays text, or is refused."""

import gc
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from channels_delivery.composing import template_fields
from notifications import rendering
from notifications.kinds import kinds
from notifications.models import Recipient, Tenant
from tests.cast import Publish, titles, workflow
from workflows import engine, texts
from workflows.define import Workflow, send_inbox
from workflows.flaws import flaws_of
from workflows.models import Fragment, Template
from workflows.preview import Reader, Shown, preview
from workflows.refusals import Invalid
from workflows.sending.template import CONTENT_TEXTS
from workflows.steps import STEPS
from workflows.texts import Place
from workflows.trigger import trigger

LINES = (Path(__file__).parent / "hostile_texts.txt").read_text().splitlines()
HOSTILE = [line for line in LINES if line and not line.startswith("# ")]
BETRAYED = ("36481", "<class ", "object at 0x", "uid=", "root:x:", "Traceback", "django.", settings.SECRET_KEY)
"""What stands in an output only where a text was evaluated, or led to something that is no plain data."""

OUTPUT_MAX = 600_000
"""Characters of all texts of a message together: each is bounded, and a mail has a handful."""

PEAK_MAX, KEPT_MAX = 8 * 2**20, 64 * 2**10
"""Bytes that one text may take for a moment, and that the whole list may leave behind."""

ACME, AT = Tenant(slug="acme", name="Acme"), datetime(2026, 11, 20, tzinfo=UTC)


def said(shown: Shown) -> str:
    return json.dumps([shown.content.to_json(), shown.parts], default=str)


def betrayed(shown: Shown, text: str) -> list[str]:
    return [word for word in BETRAYED if word in said(shown) and word not in text]


def everywhere(text: str) -> Workflow:
    """A send on every kind of channel, with this in every text that it takes, and in another language."""
    steps = []
    for kind in kinds():
        names = [*CONTENT_TEXTS, *template_fields(kind)]
        template = {**dict.fromkeys(names, text), "actions": [{"label": text, "url": text}]}
        steps.append({"kind": "send", "channel": kind, "template": template, "locales": {"de": {"title": text}}})
    return workflow("t.hostile", *steps)


def payloads(text: str) -> Iterator[dict[str, Any]]:
    """With this as a value, within others, and as a name."""
    yield {"x": text}
    yield {"x": [text, {"y": text}]}
    yield {text: text, "x": text}


@pytest.mark.once
def test_there_are_enough_of_them() -> None:
    assert len(set(HOSTILE)) > 150


@pytest.mark.once
@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_of_a_workflow_is_refused_or_comes_to_nothing(text: str) -> None:
    body = everywhere(text).body
    flaws = list(flaws_of(body, STEPS))
    assert all(flaw.where.startswith("steps[") and flaw.message for flaw in flaws)

    for locale in ("", "de"):
        for shown in preview(body, Reader.of(ACME, locale=locale), payload={"x": "value"}, now=AT):
            assert shown.problem or not flaws
            assert not betrayed(shown, text)
            assert len(said(shown)) < OUTPUT_MAX


PRINTS = everywhere("<{{ payload.x }}>").body


@pytest.mark.once
@pytest.mark.parametrize("text", HOSTILE)
def test_a_value_stays_the_text_that_it_is(text: str) -> None:
    for payload in payloads(text):
        for shown in preview(PRINTS, Reader.of(ACME), payload=payload, now=AT):
            assert not shown.problem
            assert not betrayed(shown, text)
            if payload["x"] == text:
                assert shown.content.body == f"<{text}>"


@pytest.mark.django_db
def test_templates_snippets_and_layouts_are_refused_or_kept_as_text(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.order", send_inbox(title="x")))
    refused: list[dict[str, str]] = []

    for place, text in enumerate(HOSTILE[::2]):
        tried = [
            lambda text=text, name=f"n{place}": texts.save_fragment(acme, "snippet", name, text),
            lambda text=text, name=f"n{place}": texts.save_fragment(acme, "layout", name, text),
            lambda text=text: texts.create(acme, Place("t.order", "inbox"), {"title": text, "body": text}),
        ]
        for verb in tried:
            try:
                verb()
            except Invalid as error:
                refused.append(dict(error.errors))
        Template.objects.filter(tenant=acme).delete()

    assert {where for errors in refused for where in errors} == {"source", "texts.title", "texts.body"}
    assert set(Fragment.objects.filter(tenant=acme).values_list("source", flat=True)) < set(HOSTILE)


@pytest.mark.django_db
def test_values_reach_the_inbox_as_they_were_sent(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.echo", send_inbox(title="Said: {{ payload.x }}")))

    for text in HOSTILE[::20]:
        trigger("t.echo", tenant=acme, recipients=[bob], payload={"x": text})
        engine.drain()

        assert titles(bob)[0] == f"Said: {text}"


def tried(text: str) -> str:
    """As a text, and as a value of one; what came of both."""
    said = []
    for source, payload in (
        (text, {"x": "value"}),
        ("<{{ payload.x }}>{{ payload.x | upcase | split: 'a' }}", {"x": text}),
    ):
        try:
            said.append(rendering.render(source, {"payload": payload}))
        except rendering.TemplateProblem as problem:
            said.append(str(problem))
    return "\n".join(said)


@pytest.fixture
def traced() -> Iterator[None]:
    """With the memory of Python counted; caches have had their fill."""
    for text in HOSTILE:
        tried(text)
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.once
def test_no_text_takes_much_memory_for_a_moment(traced: None) -> None:
    peaks = {}
    for text in HOSTILE:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        tried(text)
        peaks[text] = tracemalloc.get_traced_memory()[1] - before

    assert max(peaks.values()) < PEAK_MAX, max(peaks.items(), key=lambda pair: pair[1])


@pytest.mark.once
def test_the_list_over_and_over_leaves_no_memory_behind(traced: None) -> None:
    kept = []
    for _ in range(3):
        for text in HOSTILE:
            tried(text)
        gc.collect()
        kept.append(tracemalloc.get_traced_memory()[0])

    assert kept[2] - kept[0] < KEPT_MAX, kept


@pytest.mark.once
@pytest.mark.parametrize(
    "source",
    [
        "{% for a in (1..2000) %}{% for b in (1..2000) %}x{% endfor %}{% endfor %}",
        "{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | append: x %}" * 40 + "{{ x }}",
        "{% capture x %}" + "a" * 9_000 + "{% endcapture %}" + "{{ x }}" * 40,
        "{{ payload.x | split: '' | join: payload.x | split: '' | join: payload.x | size }}",
        "{{ 'a' | replace: '', payload.x | replace: 'a', payload.x }}",
    ],
    ids=["loops", "doubling", "captures", "joins", "replacing"],
)
def test_a_bomb_is_stopped_by_its_budget_and_not_by_a_clock(source: str, traced: None) -> None:
    """However fast the machine is: what it may do is counted."""
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()

    with pytest.raises(rendering.TemplateProblem) as refused:
        rendering.render(source, {"payload": {"x": "x" * 50_000}})

    assert "too long" not in str(refused.value)
    assert tracemalloc.get_traced_memory()[1] - before < PEAK_MAX
