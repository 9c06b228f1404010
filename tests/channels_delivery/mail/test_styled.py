"""HTML of a mail out of Markdown, style sheets and layouts: what mail programs show, and nothing that costs."""

from datetime import UTC, datetime

import pytest

from channels_delivery.backend import Words
from channels_delivery.mail import styled
from channels_delivery.mail.styled import from_markdown, with_styles_inline, within
from channels_delivery.mail.twin import text_of
from channels_delivery.mail.words import composed
from notifications.content import Content

pytestmark = pytest.mark.once
AT = datetime(2026, 11, 20, tzinfo=UTC)


def mail(**extra: str) -> dict[str, str]:
    return composed(Words(Content("Title", body="Body & more"), AT, extra=extra, tenant="Acme"))


def test_markdown_becomes_html_and_its_text_twin() -> None:
    parts = mail(markdown="# Hello\n\nYou have **two** [invoices](https://acme.example/i):\n\n- one\n- two")

    assert "<h1>Hello</h1>" in parts["html"]
    assert "<strong>two</strong>" in parts["html"]
    assert 'href="https://acme.example/i"' in parts["html"]
    assert "Body" not in parts["html"]
    assert "Hello\n\nYou have two invoices (https://acme.example/i):\n\n- one\n- two" in parts["text"]


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,x)",
        "![x](http://tracker.example/x.png)",
        "<img src=x onerror=alert(1)>",
        "[x]: javascript:alert(1)\n\n[x]",
    ],
)
def test_markdown_brings_no_markup_and_no_other_schemes(hostile: str) -> None:
    html = mail(markdown=hostile)["html"]

    for tag in ("<script", 'href="javascript', 'href="data', "<img src", "http://tracker.example/x.png"):
        assert tag not in html


@pytest.mark.parametrize("hostile", ["[" * 60_000, "![" * 30_000, "x" * 20_001])
def test_markdown_that_takes_long_to_read_is_taken_as_text(hostile: str) -> None:
    assert from_markdown(hostile) == f"<p>{hostile}</p>"


def test_a_style_sheet_goes_into_its_elements() -> None:
    sheet = "<style>/* ours */ p, .big { color: red } a > b {margin: 0}</style>"

    assert with_styles_inline(f"{sheet}<p>One</p>") == '<p style="color: red;">One</p>'
    assert 'style="color:red"' in mail(html=f"{sheet}<p>One</p>")["html"].replace(" ", "").replace(";", "")
    assert "<style>/*" not in mail(html=sheet + "<p>One</p>")["html"]


REFUSED = {
    "pseudo classes": "p:nth-child(2) {color: red}",
    "siblings": "p ~ p {color: red}",
    "attributes": "p[a='b'] {color: red}",
    "a media query": "@media print {p {color: red}}",
    "an import": "@import url(http://127.0.0.1:9/x.css);",
    "too many rules": "p {color: red}" * (styled.RULES_MAX + 1),
    "too long": "p {color: red}" + " " * styled.SHEET_MAX,
}


@pytest.mark.parametrize("name", REFUSED)
def test_rules_that_could_cost_or_fetch_are_left_out(name: str) -> None:
    assert with_styles_inline(f"<style>{REFUSED[name]}</style><p>One</p>") == "<p>One</p>"


def test_a_mail_of_very_many_elements_has_no_sheet() -> None:
    many = "<p>x</p>" * styled.TAGS_MAX

    assert with_styles_inline(f"<style>p {{color: red}}</style>{many}") == many


def test_sheets_that_never_end_are_cut_off() -> None:
    assert with_styles_inline("<p>One</p>" + "<style>" * 10_000) == "<p>One</p>"


def test_links_to_sheets_are_not_followed() -> None:
    html = mail(html='<link rel="stylesheet" href="http://127.0.0.1:9/x.css"><style>p{color:red}</style><p>x</p>')[
        "html"
    ]

    assert "127.0.0.1" not in html


def test_a_layout_stands_around_the_html_the_markdown_or_the_plain_body() -> None:
    layout = "<style>.box {padding: 4px}</style><div class=box><b>Acme</b><!-- content --></div>"

    assert "<b>Acme</b><p>One</p></div>" in mail(layout=layout, html="<p>One</p>")["html"]
    assert "<b>Acme</b><p><em>One</em></p>" in mail(layout=layout, markdown="*One*")["html"]
    assert "<b>Acme</b><p>Body &amp; more</p></div>" in mail(layout=layout)["html"]
    assert "padding" in mail(layout=layout)["html"]
    assert within("<p>no place</p>", "x") == "<p>no place</p>x"


def test_a_text_of_the_template_comes_before_the_twin() -> None:
    assert mail(html="<p>One</p>", text="Own text")["text"] == "Own text"


def test_the_twin_says_what_the_html_says() -> None:
    html = (
        "<h2>Order  7</h2><p>Hi <b>Ada</b>,<br>see <a href='https://a.example/7'>the order</a> or"
        " <a href='https://a.example'>https://a.example</a>.</p><table><tr><td>Pen</td><td>2 €</td></tr>"
        "<tr><td>Ink</td><td>&lt;5&gt;</td></tr></table><ol><li>one</li><li>two</li></ol><img alt='A logo' src='x'>"
    )

    assert text_of(html) == (
        "Order 7\n\nHi Ada,\nsee the order (https://a.example/7) or https://a.example.\n\n"
        "Pen 2 €\n\nInk <5>\n\n- one\n- two\n\nA logo"
    )
