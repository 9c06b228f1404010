"""Which of the texts of a `send` a person reads."""

import pytest

from workflows.sending.template import Templates

pytestmark = pytest.mark.once

TEXTS = {name: {"title": name} for name in ("de", "de-at", "zh-hant", "zh-hant-hk", "sr-latn")}


@pytest.mark.parametrize(
    ("locale", "read"),
    [
        ("de", "de"),
        ("de-at", "de-at"),
        ("de_AT", "de-at"),
        ("de-ch", "de"),
        ("de-latn-at", "de"),
        ("zh-hant-tw", "zh-hant"),
        ("zh-Hant-HK", "zh-hant-hk"),
        ("zh-hant-hk-x-own", "zh-hant-hk"),
        ("zh-hans-cn", ""),
        ("zh", ""),
        ("sr", ""),
        ("d", ""),
        ("-", ""),
        ("", ""),
    ],
)
def test_the_closest_that_there_is_one_part_after_the_other(locale: str, read: str) -> None:
    templates = Templates.of({"template": {"title": "any"}, "locales": TEXTS}, "inbox")

    assert templates.pick(locale).locale == read
