"""The page of a mail: made once for many, and the same as if it were made for each."""

from pathlib import Path

import pytest
from django.utils import translation
from pytest_django import Settings

from channels_delivery.mail.page import FOOTER, Looks, framed, page, rendered
from notifications.content import Content

pytestmark = pytest.mark.once

PLAIN = Looks((), "", "#2563eb", "Acme & Sons")
RICH = Looks((("<Track>", "https://acme.example/?a=1&b=2"),), "https://acme.example/x.png", "#b45309", "<b>Acme</b>")
EVIL = '</title><script>alert("1")</script>'
MARKS = "<!--notifyhub:title--><!--notifyhub:markup--><!--notifyhub:subject--><!--notifyhub:footer-->"


@pytest.mark.parametrize("looks", [PLAIN, RICH])
@pytest.mark.parametrize("markup", ["", "<h2>Own</h2>\n  <p>words</p>\n", "{{ subject }}{% now 'Y' %}"])
@pytest.mark.parametrize("body", ["", "One", "One\r\n\ttwo\n   <three>\n", EVIL, MARKS])
@pytest.mark.parametrize("title", ["Order 7", EVIL, MARKS, "{{ tenant }} {% if %}", "'\"&amp;\\1\\g<0>"])
def test_it_is_what_the_template_makes(title: str, body: str, markup: str, looks: Looks) -> None:
    words = Content(title, body=body), f"{title}!", markup, looks

    assert framed(*words) == rendered(*words) == page(*words)
    assert page(*words).count(FOOTER) == 1


def test_each_language_has_its_own() -> None:
    said = {}
    for language in ("en", "ar"):
        with translation.override(language):
            said[language] = page(Content("Order 7"), "Order 7", "", PLAIN)

    assert '<html lang="en" dir="ltr">' in said["en"]
    assert '<html lang="ar" dir="rtl">' in said["ar"]


def test_a_sites_own_page_may_look_at_the_words(settings: Settings, tmp_path: Path) -> None:
    own = tmp_path / "notifyhub" / "channels_delivery" / "mail.html"
    own.parent.mkdir(parents=True)
    own.write_text("{{ content.title|upper }}{% if content.body|length > 3 %} long{% endif %}: {{ markup }}")
    first, *others = settings.TEMPLATES
    settings.TEMPLATES = [{**first, "DIRS": [tmp_path, *first["DIRS"]]}, *others]

    found = [page(Content("Order 7", body=body), "s", "<p>x</p>", PLAIN) for body in ("One", "Three")]

    assert found == ["ORDER 7: <p>x</p>", "ORDER 7 long: <p>x</p>"]
