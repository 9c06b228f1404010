"""Templates of authors who are not trusted: plain data in, plain text out, within budgets."""

import time
from contextlib import suppress
from typing import Any

import pytest

from notifications.rendering import SOURCE_MAX, TemplateProblem, parse, paths, render

pytestmark = pytest.mark.once

CONTEXT: dict[str, Any] = {
    "payload": {"name": "Ada", "n": 3, "list": [1, 2, 3], "deep": {"er": "x"}, "html": "<b>&"},
    "recipient": {"name": "Bob", "attributes": {"team": "red"}},
}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Hello", "Hello"),
        ("Hello {{ payload.name }}", "Hello Ada"),
        ("{{ payload.missing }}|{{ nothing.at.all }}", "|"),
        ("{{ payload.html }}", "<b>&"),
        ("{% if payload.n > 2 %}many{% else %}few{% endif %}", "many"),
        ("{% for n in payload.list %}{{ n }},{% endfor %}", "1,2,3,"),
        ("{{ payload.name | upcase | append: '!' }}", "ADA!"),
        ("{{ payload.name.__class__ }}{{ payload.__init__ }}", ""),
        ("{{ payload['name'] }}", "Ada"),
        ("a { b } {c}", "a { b } {c}"),
    ],
)
def test_plain_data_becomes_text(source: str, text: str) -> None:
    assert render(source, CONTEXT) == text


BOMBS = {
    "loop of a loop": "{% for a in (1..5000) %}{% for b in (1..5000) %}x{% endfor %}{% endfor %}",
    "one long loop": "{% for a in (1..1000000000) %}{% endfor %}",
    "tablerow": "{% tablerow a in (1..1000000000) %}{% endtablerow %}",
    "doubling text": "{% assign a = 'xxxxxxxxxx' %}" + "{% assign a = a | append: a %}" * 40 + "{{ a }}",
    "doubling by capture": "{% capture a %}xxxxxxxxxx{% endcapture %}"
    + "{% capture a %}{{ a }}{{ a }}{% endcapture %}" * 40
    + "{{ a }}",
    "replace": "{{ '" + "a" * 1000 + "' | replace: 'a', '" + "b" * 1000 + "' | replace: 'b', 'cccccccccc' }}",
    "split and join": "{% assign a = '" + "a" * 5000 + "' | split: '' %}{{ a | join: '" + "b" * 5000 + "' }}",
    "a tower of powers": "{% assign a = 999999999 %}" + "{% assign a = a | times: a %}" * 30 + "{{ a }}",
    "a large range": "{{ (1..1000000000) | join: ',' }}",
    "a large range, sized": "{% assign a = (1..100000000) | reverse %}{{ a | size }}",
    "output": "{% for a in (1..1999) %}" + "x" * 2000 + "{% endfor %}",
    "deep nesting": "{% if true %}" * 3000 + "x" + "{% endif %}" * 3000,
    "deep expression": "{{ a" + "[a" * 3000 + "]" * 3000 + " }}",
    "many conditions": "{% if " + " and ".join(["true"] * 5000) + " %}x{% endif %}",
    "cycle": "{% for a in (1..100000000) %}{% cycle 'a', 'b' %}{% endfor %}",
    "padding by date": "{{ '2026-01-01' | date: '%" + "9" * 9 + "d' }}",
    "slices": "{% assign a = 'x' %}{% for i in (1..60) %}{% assign a = a | append: a | append: a %}{% endfor %}{{ a }}",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_as_a_problem_or_harmlessly_and_soon(name: str) -> None:
    started = time.process_time()

    try:
        said = render(BOMBS[name], CONTEXT)
    except TemplateProblem:
        said = ""

    assert len(said) <= 256_000
    assert time.process_time() - started < 5, "a budget did not hold"


INJECTIONS = [
    "{{ 7*7 }}",
    "{{ ''.__class__.__mro__ }}",
    "{{ config }}",
    "{{ self }}",
    "${7*7}",
    "#{7*7}",
    "<%= 7*7 %>",
    "{{ request.application.__globals__ }}",
    "{% import os %}",
    "{% include '/etc/passwd' %}",
    "{% render '/etc/passwd' %}",
    "{% extends 'x' %}",
    "{% block x %}{% endblock %}",
    "{% macro x %}{% endmacro %}",
    "{% load static %}",
    "{% debug %}",
    "{{ payload.name | attr: '__class__' }}",
    "{{ [].append.__globals__ }}",
]


@pytest.mark.parametrize("source", INJECTIONS)
def test_nothing_is_evaluated_but_liquid(source: str) -> None:
    try:
        said = render(source, CONTEXT)
    except TemplateProblem:
        return

    assert not {"49", "root:", "class", "globals"} & set(said.replace(source, "").split())
    assert said in ("", source)


@pytest.mark.parametrize("value", INJECTIONS)
def test_a_template_within_a_value_is_text(value: str) -> None:
    assert render("{{ payload.name }}", {"payload": {"name": value}}) == value


def test_a_source_that_is_too_long_is_refused() -> None:
    with pytest.raises(TemplateProblem, match="characters"):
        render("{{ a }}" + "x" * SOURCE_MAX, {})


@pytest.mark.parametrize(
    ("source", "place"),
    [("ok\n  {% if %}x{% endif %}", "line 2"), ("{{ a | no_such_filter }}", "line 1"), ("{% nonsense %}", "line 1")],
)
def test_a_problem_names_its_place(source: str, place: str) -> None:
    with pytest.raises(TemplateProblem, match=place):
        render(source, CONTEXT)


@pytest.mark.parametrize("source", ["{{ payload.n | divided_by: 0 }}", "{{ payload.list | sort: payload }}"])
def test_what_fails_while_rendering_is_a_template_problem_or_text(source: str) -> None:
    with suppress(TemplateProblem):
        assert isinstance(render(source, CONTEXT), str)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("Hello", set()),
        ("{{ payload.name }}", {"payload.name"}),
        ("{{ recipient.name | upcase }}", {"recipient.name"}),
        ("{% if recipient.attributes.team == 'red' %}x{% endif %}", {"recipient.attributes.team"}),
        ("{% for x in recipient.attributes %}{{ x }}{% endfor %}", {"recipient.attributes"}),
        ("{% assign r = recipient %}{{ r.name }}", {"recipient"}),
        ("{% unless recipient.zone %}x{% endunless %}", {"recipient.zone"}),
        ("{{ payload.name | append: recipient.name }}", {"payload.name", "recipient.name"}),
    ],
)
def test_every_path_that_a_text_reads_is_known_before_it_is_rendered(source: str, found: set[str]) -> None:
    assert found <= set(paths(source))
    assert all(path.split(".")[0] in {"payload", "recipient"} for path in paths(source))


def test_a_text_is_parsed_once() -> None:
    assert parse("{{ payload.once }}") is parse("{{ payload.once }}")
