"""Templates of authors who are not trusted: plain data in, plain text out, within budgets."""

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from liquid.exceptions import LiquidSyntaxError
from liquid.lex import get_lexer

from notifications.rendering import SOURCE_MAX, TemplateProblem, parse, paths, render
from notifications.template_lexer import tokens

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


PARSING = {
    "openings": "{{" * 32_000,
    "blanks": "{{" + " " * 65_000 + "}}",
    "blanks, never closed": "{{" + " " * 65_000,
    "raw, never closed": "{% raw %}" * 7_000,
    "raw within a comment": "{% comment %}" + "{% raw %}" * 7_000 + "{% endcomment %}",
    "doc, never closed": "{% doc %}" * 7_000,
    "nested conditions": "{% if a %}" * 6_000,
    "a long cycle": "{% cycle a" + ", a" * 20_000 + " %}",
    "many outputs": "{{a}}" * 13_000,
    "parentheses": "{{ " + "(" * 65_000 + " }}",
    "brackets": "{{ a" + '["' * 30_000 + " }}",
    "a liquid tag": "{% liquid\n" + "echo a\n" * 9_000 + "%}",
}
LARGE = "x" * 50_000
LARGE_CONTEXT: dict[str, Any] = {
    "payload": {
        "text": LARGE,
        "markup": "<script>" * 6_000,
        "list": list(range(50_000)),
        "rows": [{"k": n, "v": {"z": n}} for n in range(9_000)],
        "a": {str(n): "b" * 40 for n in range(5_000)},
        "b": {str(n): "b" * 40 for n in range(5_000)},
    }
}
TURNS = "{% for i in (1..2000) %}"
LARGE_BOMBS = {
    "sorting in a loop": TURNS + "{% assign x = (1..2000) | sort | reverse %}{% endfor %}",
    "sorting again and again": "{{ (1..2000) | sort | size }}" * 300,
    "one loop after the other": "{% for i in (1..2000) %}{% endfor %}" * 200,
    "uniq of a long list": "{{ payload.list | uniq | size }}",
    "uniq of many numbers": "{{ (1..2000) | uniq | size }}" * 200,
    "replace nothing": "{{ payload.text | replace: '', payload.text }}",
    "replace everything": "{{ payload.text | replace: 'x', payload.text }}",
    "split and join by a value": "{% assign a = payload.text | split: '' %}{{ a | join: payload.text }}",
    "join by a value": "{{ (1..2000) | join: payload.text }}",
    "split into letters": "{{ payload.text | split: '' | size }}" * 100,
    "a large range contains": "{% if (1..1000000000) contains 'a' %}{% endif %}",
    "a large range reversed": "{% for i in (1..1000000000) reversed %}{% endfor %}",
    "ranges contain": TURNS + "{% if (1..2000) contains 'a' %}{% endif %}{% endfor %}",
    "comparing large values": TURNS + "{% if payload.a == payload.b %}{% endif %}{% endfor %}",
    "searching a large list": TURNS + "{% if payload.list contains 'a' %}{% endif %}{% endfor %}",
    "a cycle of large values": "{% cycle " + ", ".join(["payload.rows"] * 250) + " %}",
    "capturing large values": TURNS + "{% capture a %}{{ payload.rows }}{% endcapture %}{% endfor %}",
    "shared elements": "{% assign l = payload.text | split: 'q' %}"
    "{% for i in (1..15) %}{% assign l = l | concat: l %}{% endfor %}{{ l }}",
    "markup that is never closed": "{{ payload.markup | strip_html | size }}",
    "many assignments": "".join(f"{{% assign a{n} = 1 %}}" for n in range(600)),
    "many nodes in a loop": TURNS + "{{ 1 }}" * 900 + "{% endfor %}",
    "a long format of a date": "{{ '2026-01-01' | date: payload.text }}",
}


@pytest.mark.parametrize("name", [*BOMBS, *PARSING, *LARGE_BOMBS])
def test_a_bomb_ends_as_a_problem_or_harmlessly_and_soon(name: str) -> None:
    source = {**BOMBS, **PARSING, **LARGE_BOMBS}[name]
    context = LARGE_CONTEXT if name in LARGE_BOMBS else CONTEXT
    memory, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.thread_time()

    for attempt in (lambda: render(source, context), lambda: paths(source)):
        with suppress(TemplateProblem):
            assert len(attempt()) <= 256_000

    assert time.thread_time() - started < 0.4, "a budget did not hold"  # 50 ms, and a slow machine
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 50_000, "it took too much memory (KB)"


MUST_FAIL = {
    "more steps than there are": ("{% for i in (1..2000) %}{{ i | plus: 1 | plus: 1 }}{% endfor %}", "5000 steps"),
    "too long": (LARGE_BOMBS["many nodes in a loop"], "50 ms"),
    "too long a range": ("{{ (1..2001) | size }}", "2000 elements"),
    "too many tags": ("{{a}}" * 1_001, "1000 tags"),
    "too long a tag": ("{{ a" + " | upcase" * 500 + " }}", "4000 characters"),
    "too long tags": (("{{ a" + " | upcase" * 300 + " }}") * 4, "10000 characters"),
    "too large a value": (LARGE_BOMBS["replace everything"], "too large"),
}


@pytest.mark.parametrize("name", MUST_FAIL)
def test_each_budget_says_what_was_too_much(name: str) -> None:
    source, reason = MUST_FAIL[name]

    with pytest.raises(TemplateProblem, match=reason):
        render(source, LARGE_CONTEXT)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ payload.list | size }}", "50000"),
        ("{{ payload.list.size }}", "50000"),
        ("{% for n in payload.list limit: 3 %}{{ n }}{% endfor %}", "012"),
        ("{% for n in (1..2000) %}{% endfor %}ok", "ok"),
        ("{{ '3,1,3,2' | split: ',' | uniq | sort | join: '-' }}", "1-2-3"),
        ("{{ payload.text | truncate: 5 }}", "xx..."),
        ("{% for i in (1..3) %}{% cycle 'a', 'b' %}{% endfor %}", "aba"),
    ],
)
def test_what_a_notice_needs_is_within_budget(source: str, text: str) -> None:
    assert render(source, LARGE_CONTEXT) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("<b>a</b> &amp; <i>b</i>", "a &amp; b"),
        ("1 < 2 > 1", "1 < 2 > 1"),
        ("a<script>alert(1)</script>b<STYLE>x</STYLE>c<!-- d > e -->f", "abcf"),
        ("a <b", "a <b"),
        ("a<br/>b</p>", "ab"),
    ],
)
def test_html_is_stripped(value: str, text: str) -> None:
    assert render("{{ payload.v | strip_html }}", {"payload": {"v": value}}) == text


def test_uniq_knows_rows_and_their_members() -> None:
    rows = [{"k": 1, "v": [1]}, {"v": [1], "k": 1}, {"k": 2}, {"k": 1}]

    assert render("{{ payload.rows | uniq | size }}", {"payload": {"rows": rows}}) == "3"
    assert render("{{ payload.rows | uniq: 'k' | size }}", {"payload": {"rows": rows}}) == "2"


class Pausing(dict[str, Any]):
    """Plain data in a process that stops for a while, as for a garbage collection."""

    def __getitem__(self, key: str) -> Any:
        until = time.thread_time() + 0.08
        while time.thread_time() < until:
            pass
        return super().__getitem__(key)


def test_a_pause_of_the_process_fails_no_template() -> None:
    assert render("{{ payload.a }} {{ b }} {{ b | upcase }}", {"payload": Pausing(a="x"), "b": "y"}) == "x y Y"


LEXED = [
    "{{ a }}{{- a -}} b {%- if a -%} c {%- endif %} d",
    "{% raw %}{{ a }}{% endraw %} x {%- raw -%} {% if {%- endraw -%} y",
    "{% comment %}{% if %}{{{% comment %}x{% endcomment %}{% raw %}{% endcomment %}{% endraw %}{% endcomment %}z",
    "{% doc %} {{ {% enddoc %}z{% # note %}y",
    "{{ 'a}' }} } }} %} { % {a}",
    "{{--}}{{ a --}}{%if a%}{%endif%}",
    "{{ a }}{{ b",
    "a {% if a",
    "{% %}",
    "{{}} a",
]


@pytest.mark.parametrize("source", LEXED)
def test_our_lexer_gives_the_tokens_of_the_library(source: str) -> None:
    def lexed(lexer: Callable[[str], Iterator[Any]]) -> list[Any]:
        found: list[Any] = []
        try:
            found += [(token.kind, token.value) for token in lexer(source)]
        except LiquidSyntaxError as error:
            found.append(error.args)
        return found

    assert lexed(tokens) == lexed(get_lexer())


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


@pytest.mark.parametrize(
    "source",
    [
        "{{ payload.n | divided_by: 0 }}",
        "{{ payload.list | sort: payload }}",
        "{{ '' | uniq: -1 }}",
        "{{ '' | compact: true }}",
        "{{ '1e9999999' | modulo: 3.1 }}",
        "{{ '99999999999999999999' | date: '%Y' }}",
        "{{ '_w==' | base64_url_safe_decode }}",
        "{% break %}",
        "{{ payload.list | join: nothing, 2, 3 }}",
    ],
)
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
