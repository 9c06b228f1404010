"""From words to a mail: what people read, and what never gets into it."""

import json
import struct
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from pytest_django import Settings

from channels_delivery.backends.email import BACKEND
from channels_delivery.mail.markup import allowed_markup
from channels_delivery.mail.page import FOOTER
from channels_delivery.mail.words import filled
from notifications.content import Action

from .letters import words

pytestmark = pytest.mark.once
EVIL = '<script>window.__xss=1</script><img src=x onerror="window.__xss=1">'


class Seen(HTMLParser):
    """Tags, attributes and texts of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def compose(extra: dict[str, str] | None = None, **given: Any) -> dict[str, str]:
    return dict(BACKEND.compose(words(extra, **given)))


def test_words_become_subject_text_and_html() -> None:
    actions = (Action("Track", "https://acme.example/t/7"), Action("Call us", "tel:+49301234"))
    parts = compose(
        body="It left today.\nEnjoy <it>.", url="https://acme.example/o/7", level="success", actions=actions
    )

    assert json.loads(json.dumps(parts)) == parts
    assert parts["subject"] == "Order 7 has left"
    assert parts["text"] == (
        "Order 7 has left\n\nIt left today.\nEnjoy <it>.\n\nTrack: https://acme.example/t/7\n\n"
        "Call us: tel:+49301234\n\nOpen: https://acme.example/o/7\n\n-- \nAcme & Sons"
    )
    seen = Seen(parts["html"])
    assert seen.links == ["https://acme.example/t/7", "tel:+49301234", "https://acme.example/o/7"]
    assert {"Order 7 has left", "It left today.", "Enjoy <it>.", "Track", "Acme & Sons"} <= set(seen.texts)
    assert FOOTER in parts["html"]


def test_texts_are_never_markup() -> None:
    parts = compose({"subject": f"a {EVIL}"}, title=EVIL, body=EVIL, actions=(Action(EVIL, "https://acme.example/"),))

    seen = Seen(parts["html"])
    assert not {"script", "img"} & set(seen.tags)
    assert seen.handlers == []
    assert EVIL in seen.texts


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", 'https://e/"onload=1', "/o/7"]
)
def test_only_safe_and_whole_links_are_links(url: str) -> None:
    parts = compose(url=url, image=url, actions=(Action("Go", url),))

    assert all(link.startswith("https://e/") for link in Seen(parts["html"]).links)
    assert Seen(parts["html"]).handlers == []


def test_pages_of_this_site_are_linked_by_their_whole_address(settings: Any) -> None:
    section = {"CHANNELS_DELIVERY": {"SITE_URL": "https://hub.example.com"}}
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, **section}

    parts = compose(url="/orders/7")

    assert Seen(parts["html"]).links == ["https://hub.example.com/orders/7"]


def test_a_template_may_say_it_in_its_own_words() -> None:
    html = f"<h2>Hi</h2><p style='color:red;position:fixed'>All <b>good</b></p><!-- x -->{EVIL}{FOOTER}"
    parts = compose({"subject": "Own", "text": "Own text", "html": html}, body="unused")

    assert (parts["subject"], parts["text"]) == ("Own", "Own text")
    assert '<h2>Hi</h2><p style="color:red">All <b>good</b></p>' in parts["html"]
    assert "unused" not in parts["html"]
    assert "__xss" not in parts["html"]
    assert parts["html"].count(FOOTER) == 1


@pytest.mark.parametrize(
    "html",
    ['<a href="javascript:alert(1)">x</a>', '<a href=" jav&#x09;ascript:alert(1)">x</a>', "<svg onload=alert(1)>",
     '<p style="background:url(https://e.example/)">x</p>', "<iframe src=https://e.example></iframe>",
     "<style>*{}</style>", '<img src="http://e.example/x.png">', '<img src="data:image/svg+xml,x">', "<form action=https://e><input></form>",
     "<base href=https://e.example>", "<meta http-equiv=refresh content=0>", "<link rel=stylesheet href=https://e>",
     '<p onclick="x()">x</p>', "<math><mtext></p><style><img src=x onerror=alert(1)></style></mtext></math>"],
)  # fmt: skip
def test_what_could_do_harm_is_taken_out_of_markup(html: str) -> None:
    clean = allowed_markup(html)

    seen = Seen(clean)
    assert not set(seen.tags) - {"a", "p", "img"}
    assert (seen.links, seen.handlers) == ([], [])
    assert "e.example" not in clean


def test_markup_keeps_what_mails_are_made_of() -> None:
    html = (
        '<table width="100%"><tbody><tr><td align="center"><a href="mailto:a@b.example">x</a></td></tr></tbody></table>'
    )
    image = '<img src="https://acme.example/x.png" alt="x" width="10">'

    assert allowed_markup(html).replace(' rel="noopener noreferrer"', "") == html
    assert allowed_markup(image) == image


def test_a_person_gets_links_of_their_own_and_nobody_else_any() -> None:
    parts = compose()
    text, html = filled(parts, {"unsubscribe": "https://hub.example.com/u?a=1&b=2"})

    assert text.endswith("\n\nUnsubscribe: https://hub.example.com/u?a=1&b=2")
    assert Seen(html).links == ["https://hub.example.com/u?a=1&b=2"]
    assert filled(parts, {}) == (parts["text"], parts["html"].replace(FOOTER, ""))


def test_they_are_in_the_language_of_the_words(settings: Settings, tmp_path: Path) -> None:
    compile_messages(tmp_path / "de" / "LC_MESSAGES" / "django.mo", {"Unsubscribe": "Abbestellen"})
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    settings.LOCALE_PATHS = [str(tmp_path)]
    with translation.override("de"):
        parts = compose()

    text, html = filled(parts, {"unsubscribe": "https://hub.example.com/u"})

    assert text.endswith("\n\nAbbestellen: https://hub.example.com/u")
    assert ">Abbestellen</a>" in html
    assert "Unsubscribe: " in filled(compose(), {"unsubscribe": "https://hub.example.com/u"})[0]


def compile_messages(path: Path, said: dict[str, str]) -> None:
    """A catalogue as gettext reads it."""
    texts = {"": "Content-Type: text/plain; charset=UTF-8\n", **said}
    pairs = [(one.encode(), texts[one].encode()) for one in sorted(texts)]
    place, tables, data = 28 + 16 * len(pairs), [b"", b""], b""
    for side in (0, 1):
        for pair in pairs:
            tables[side] += struct.pack("<2I", len(pair[side]), place + len(data))
            data += pair[side] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    path.parent.mkdir(parents=True)
    path.write_bytes(head + tables[0] + tables[1] + data)
