"""Microsoft's own library for Adaptive Cards has nothing against ours, at their limits and with hostile words."""

from collections.abc import Callable, Iterator

import pytest

from channels_delivery.chat import card
from tests.services import find_verifiers

from .backends.test_chat_markup import NASTY, bodies, each_letter, said
from .verifiers import adaptive_cards

pytestmark = [pytest.mark.once, pytest.mark.node]

Judge = Callable[[object], list[str]]


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with adaptive_cards(find_verifiers().address) as one:
        yield one


@each_letter
def test_cards_of_every_length(judge: Judge, letter: str) -> None:
    for words in bodies(letter):
        assert judge(card.card(words)) == []


@pytest.mark.parametrize("value", NASTY)
def test_cards_of_hostile_words(judge: Judge, value: str) -> None:
    assert judge(card.card(said(value, title=value, extra={"context": value}))) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"body": [{"type": "TextBlok", "text": "x"}]},
        {"body": [{"type": "TextBlock", "text": "x", "size": "Huge"}]},
        {"body": [], "actions": [{"type": "Action.OpenUrl", "title": "x"}]},
        {"body": [], "version": "9.0"},
    ],
)
def test_the_judge_is_one(judge: Judge, wrong: dict[str, object]) -> None:
    assert judge({"type": "AdaptiveCard", "version": "1.4", **wrong})
