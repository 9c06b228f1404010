"""What a page is given for its widgets: few bytes, and a safe JSON."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

from django.template import RequestContext, Template

from notifications import inbox
from notifications.models import Recipient
from tests.cast import drop
from tests.site.processes import ROOT

from .test_bell import a_request

FILES = ROOT / "notifications/static/notifyhub"
TOASTS = Template("{% load notifyhub %}{% notifyhub_toasts items=True place='top-end' %}")


def needed(file: Path) -> Iterator[Path]:
    """The file, and what it imports before it runs."""
    yield file
    for name in re.findall(r'^import .*?from "(\..+?)";|^export .* from "(\..+?)";', file.read_text(), re.MULTILINE):
        yield from needed((file.parent / (name[0] or name[1])).resolve())


def test_the_first_paint_of_the_bell_takes_less_than_twenty_kilobytes() -> None:
    files = {*needed(FILES / "bell.js"), FILES / "bell.css"}

    assert FILES / "live.js" in files
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < 20_000


def test_nothing_of_the_widgets_parses_text_or_runs_it() -> None:
    widgets = [*needed(FILES / "bell.js"), *needed(FILES / "toasts.js"), *needed(FILES / "bell-panel.js")]

    for file in [*widgets, *needed(FILES / "live/station.js")]:
        found = re.search(r"innerHTML|outerHTML|insertAdjacentHTML|DOMParser|\beval\(|new Function", file.read_text())
        assert found is None, (file, found)


def test_texts_cannot_end_the_script_in_which_they_stand(alice: Recipient) -> None:
    drop(alice, "</script><script>alert(1)</script>")

    html = Template("{% load notifyhub %}{% notifyhub_bell %}").render(RequestContext(a_request(alice)))

    assert html.count("</script>") == 2
    said = json.loads(re.search(r"data-nh-config>(.*?)</script>", html)[1])  # type: ignore[index]
    assert said["items"][0]["title"] == "</script><script>alert(1)</script>"


def test_the_page_says_where_the_inbox_stood_when_it_was_made(alice: Recipient) -> None:
    drop(alice, "One")

    html = TOASTS.render(RequestContext(a_request(alice)))

    said = json.loads(re.search(r"data-nh-config>(.*?)</script>", html)[1])  # type: ignore[index]
    assert (said["cursor"], said["unread"]["count"]) == (inbox.current_cursor(alice), 1)
    assert (said["api"], said["socket"], said["tenant"]) == ("/api/v1/", "/ws/notifications/", alice.tenant.slug)
    assert said["pages"]["item"] == "/inbox/{id}/"
    assert '<nh-toasts items place="top-end">' in html


def test_who_has_no_inbox_gets_no_toasts(db: None) -> None:
    assert TOASTS.render(RequestContext(a_request(None))).strip() == ""
