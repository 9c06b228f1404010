"""The short way through simple templates makes what the full renderer makes, or leaves it to that."""

from typing import Any

import pytest

from notifications.rendering import parse
from notifications.template_plain import LONGEST, fill, pieces

pytestmark = pytest.mark.once

CONTEXT: dict[str, Any] = {
    "payload": {"name": "Ada <b>", "n": -3, "on": True, "price": 1.5, "list": [1], "deep": {"er": "x"}, "size": 9},
    "recipient": {"name": "Bob"},
}

SIMPLE = [
    "Hello {{ payload.name }}",
    "{{ payload.n }}{{ recipient.name }} and {{payload.deep.er}}.",
    "{{ payload['name'] }}{{ payload.name }}",
    " {{- recipient.name -}} ",
    "{ {{ payload.n }} }",
]


@pytest.mark.parametrize("source", SIMPLE)
def test_a_simple_template_goes_the_short_way_to_the_same_text(source: str) -> None:
    short = pieces(parse(source))

    assert short is not None
    assert fill(short, CONTEXT) == parse(source).render(CONTEXT)


@pytest.mark.parametrize(
    "source",
    [
        "{{ payload.name | upcase }}",
        "{% if payload.on %}x{% endif %}",
        "{{ payload.size }}",
        "{{ payload.list[0] }}",
        "{{ payload[recipient.name] }}",
        "{{ 'text' }}",
    ],
)
def test_any_other_template_is_left_to_the_full_renderer(source: str) -> None:
    assert pieces(parse(source)) is None


@pytest.mark.parametrize("path", ["missing", "payload.missing", "payload.on", "payload.price", "payload.list", "now"])
def test_any_other_value_is_left_to_the_full_renderer(path: str) -> None:
    short = pieces(parse("{{ " + path + " }}"))

    assert short is not None
    assert fill(short, CONTEXT) is None


@pytest.mark.parametrize("value", ["x" * (LONGEST + 1), 10**5000], ids=["text", "number"])
def test_a_large_value_is_left_to_the_full_renderer(value: Any) -> None:
    short = pieces(parse("{{ payload.it }}"))

    assert short is not None
    assert fill(short, {"payload": {"it": value}}) is None


def test_many_values_are_bounded_together() -> None:
    short = pieces(parse("{{ payload.it }}" * 100))

    assert short is not None
    assert fill(short, {"payload": {"it": "x" * (LONGEST // 50)}}) is None
