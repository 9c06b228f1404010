"""What Slack and Teams are sent: within their limits, and no value is ever markup."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from markdown_it import MarkdownIt
from slack_sdk.models.blocks import ActionsBlock, Block, ButtonElement, ContextBlock, HeaderBlock, SectionBlock

from channels_delivery.backend import Words
from channels_delivery.chat import blocks, card
from channels_delivery.chat.text import MORE, cut
from notifications.content import Action, Content

from .stage import AT

LONG = "https://acme.example/" + "x" * 1_900
NASTY = [
    "<!channel> <https://e.example|https://bank.example>",
    "<@U123> &lt;!here&gt;",
    "[bank](https://e.example) ${$root} <at>x</at>",
    "**bold** _it_ `code` ~~gone~~ # not a heading",
    "- no list\n1. none\n2) neither\n+ nor\n===\n> quote\n---",
    "| a | b |\n|---|---|\n![i](https://e.example/i.png) <b>&amp;</b>",
    "https://e.example/ \\[x\\](y) \\\\[z](https://e.example)",
    '"},{"type":"divider"},{"x":"',
    "@channel @here #general :tada: *b*",
    "\u202egnp.exe\u0007 ünï ☃ 𝒳",
]


def said(body: str = "", title: str = "Order 7", **given: Any) -> Words:
    extra = given.pop("extra", {})
    return Words(Content(title, body, **given), AT, tenant="Acme", extra=extra)


LENGTHS = [0, 1, 149, 150, 151, 2_999, 3_000, 3_001, 5_999, 6_001, 8_000, 8_999, 9_000, 10_000]
LETTERS = ["x", "&", "<", "é", "𝒳", "\n", '"', "word ", "a\n", "[", "\\"]
each_letter = pytest.mark.parametrize("letter", LETTERS, ids=repr)


def bodies(letter: str) -> Iterator[Words]:
    for length in LENGTHS:
        text = (letter * length)[:length]
        yield said(text, title=text or "T", url="https://acme.example/o/7")
        many = tuple(Action("label " * 20, LONG) for _ in range(5))
        yield said(text, title="T", url=LONG, actions=many, extra={"context": letter * 300, "header": letter * 300})


@each_letter
def test_slack_takes_any_length_by_its_own_models(letter: str) -> None:
    for words in bodies(letter):
        made = blocks.message(words)
        assert len(json.dumps(made, ensure_ascii=False)) <= blocks.WHOLE_MAX
        assert 0 < len(made["text"]) < 4_000
        assert 0 < len(made["blocks"]) <= 50
        assert "channel" not in made
        for one in made["blocks"]:
            judged(one)


def judged(given: dict[str, Any]) -> None:
    """The foreign judge: `slack_sdk` validates lengths when it writes a block as JSON."""
    block = Block.parse(given)
    assert isinstance(block, HeaderBlock | SectionBlock | ContextBlock | ActionsBlock)
    assert block.to_dict() == given
    for element in given.get("elements", ()):
        if element["type"] == "button":
            ButtonElement(**{name: value for name, value in element.items() if name != "type"}).to_dict()
    text = given.get("text", {}).get("text", "x")
    assert 0 < len(text) <= {"header": 150, "section": 3_000}.get(given["type"], 3_000)
    assert all(0 < len(one["text"]["text"]) <= 75 for one in given.get("elements", ()) if one["type"] == "button")
    assert not re.search(r"&(?!amp;|lt;|gt;)", text), "an entity was cut in two"


def test_the_judge_would_refuse_what_is_too_long() -> None:
    with pytest.raises(Exception, match="150"):
        Block.parse({"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}).to_dict()  # type: ignore[union-attr]


@pytest.mark.parametrize("value", NASTY)
def test_no_value_is_markup_in_slack(value: str) -> None:
    made = blocks.message(
        said(value, title=value, extra={"context": value}, actions=(Action(value, "https://a.example"),))
    )

    everything = list(texts(made))
    assert len(everything) >= 5
    assert not any("<" in one or ">" in one for one in everything)
    assert {one["type"] for one in nodes(made) if "emoji" in one} == {"plain_text"}
    [section] = [one["text"]["text"] for one in made["blocks"] if one["type"] == "section"]
    assert unescaped(section) == Content("t", value).body


def test_the_table_of_threats_to_slack() -> None:
    made = blocks.message(said("<!channel> <https://e|https://bank>"))

    assert made["blocks"][1]["text"]["text"] == "&lt;!channel&gt; &lt;https://e|https://bank&gt;"


def unescaped(text: str) -> str:
    """As Slack shows it."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def nodes(given: Any) -> Iterator[dict[str, Any]]:
    match given:
        case dict():
            yield given
            for value in given.values():
                yield from nodes(value)
        case list():
            for value in given:
                yield from nodes(value)


def texts(given: Any) -> Iterator[str]:
    return (one["text"] for one in nodes(given) if isinstance(one.get("text"), str))


# -- Adaptive Cards ----------------------------------------------------------------------------------------------------

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
"""The foreign judge of texts: the language of cards is a part of what this reads."""


@each_letter
def test_a_card_fits_and_is_one(letter: str) -> None:
    for words in bodies(letter):
        made = card.card(words)
        assert len(card.encoded(made)) <= card.BYTES_MAX
        is_a_card(made)


def is_a_card(made: dict[str, Any]) -> None:
    """What version 1.4 says of the elements that we use, and nothing beside them."""
    assert set(made) <= {"$schema", "type", "version", "body", "actions", "msteams"}
    assert (made["type"], made["version"]) == ("AdaptiveCard", "1.4")
    assert made["$schema"] == "http://adaptivecards.io/schemas/adaptive-card.json"
    assert made["msteams"] == {"width": "Full"}
    for one in made["body"]:
        assert set(one) <= {"type", "text", "wrap", "weight", "size", "color", "isSubtle", "spacing"}
        assert one["type"] == "TextBlock"
        assert one["text"]
        assert one["wrap"] is True
        assert one.get("weight", "Bolder") == "Bolder"
        assert one.get("size", "Small") in {"Small", "Medium"}
        assert one.get("color", "Default") in {"Default", "Good", "Warning", "Attention"}
        assert one.get("spacing", "None") in {"None", "Default", "Medium"}
    for one in made.get("actions", ()):
        assert set(one) == {"type", "title", "url"}
        assert one["type"] == "Action.OpenUrl"
        assert re.match(r"(https?|mailto):", one["url"])
        assert one["title"]


@pytest.mark.parametrize("value", NASTY)
def test_no_value_is_markdown_in_a_card(value: str) -> None:
    made = card.card(said(value, title=value, extra={"context": value}))

    assert "${" not in json.dumps(made)
    for one in texts(made):
        tokens = MARKDOWN.parse(one)
        assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"], one
        kinds = {child.type for child in tokens[1].children or ()}
        assert kinds <= {"text", "text_special"}, (one, kinds)
    shown = ["".join(child.content for child in MARKDOWN.parse(one)[1].children or ()) for one in texts(made)]
    assert shown[0] == Content(value).title
    assert shown[1:-1] == [line.strip() for line in Content("t", value).body.splitlines()]


def test_the_judge_would_see_a_link() -> None:
    assert "link_open" in {child.type for child in MARKDOWN.parse("[bank](https://e.example)")[1].children or ()}


@pytest.mark.parametrize(
    ("url", "in_slack", "in_teams"),
    [
        ("https://acme.example/o", True, True),
        ("mailto:help@acme.example", False, True),
        ("tel:+123", False, False),
        ("javascript:alert(1)", False, False),
        ("//e.example/", False, False),
        ("https://bank.example@e.example/", False, False),
        ("data:text/html,x", False, False),
        ("msteams://x", False, False),
    ],
)
def test_only_some_links_become_buttons(url: str, in_slack: bool, in_teams: bool) -> None:
    words = said("b", url=url)

    assert [one["type"] for one in blocks.message(words)["blocks"]].count("actions") == int(in_slack)
    assert len(card.card(words).get("actions", ())) == int(in_teams)


def test_a_path_of_this_site_leads_there_or_nowhere(settings: Any) -> None:
    words = said("b", url="/o/7")
    assert "actions" not in card.card(words)

    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {"SITE_URL": "https://hub.example"}}

    assert card.card(words)["actions"][0]["url"] == "https://hub.example/o/7"


@pytest.mark.parametrize("made", [blocks.message, card.card])
def test_who_reads_a_part_is_led_to_the_rest(made: Any) -> None:
    whole, part = (json.dumps(made(said(text, url="https://acme.example/o"))) for text in ("short", "é & " * 2_500))

    assert ("View all" in whole, "View all" in part) == (False, True)
    assert (MORE in part or json.dumps(MORE)[1:-1] in part) is True


def test_cutting_is_exact() -> None:
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdefg", 6) == "abcde…"
    assert cut("abcd  efg", 6) == "abcd…"
    assert cut("abc", 0) == ""
