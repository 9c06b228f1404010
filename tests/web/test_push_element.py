"""The element that turns pushes on: its words come with the page, one for each that the script has."""

import html
import json
import re
from pathlib import Path

import pytest

import channels_delivery
from notifications.models import Recipient

from .pages import visitor

pytestmark = pytest.mark.django_db


def test_each_word_of_the_script_comes_with_the_page(alice: Recipient) -> None:
    page = visitor(alice).get("/devices/").content.decode()
    script = (Path(channels_delivery.__file__).parent / "static/notifyhub/push.js").read_text()

    found = re.search(r"<notifyhub-push csrf=.+? data-nh-config>(.*?)</script></notifyhub-push>", page, re.DOTALL)
    known = re.search(r"const WORDS = \{(.*?)\n\};", script, re.DOTALL)
    assert found
    assert known
    said = dict(re.findall(r'^  (\w+): "(.*)",$', known[1], re.MULTILINE))
    assert json.loads(html.unescape(found[1]))["words"] == said
