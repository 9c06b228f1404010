"""Every frame of a sentence can be filled with what stands in it."""

import re
from datetime import UTC, datetime

import pytest

from workflows.explaining.sentence import WORDS, Speaker

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
GIVEN = {
    "channel": "E-mail",
    "title": "T",
    "why": "W.",
    "topic": "t",
    "target": "document 17",
    "role": "admin",
    "what": "fetch",
    "level": 2,
    "n": 3,
    "count": 2,
}


@pytest.mark.parametrize("code", WORDS)
def test_every_frame_is_filled(code: str) -> None:
    said = Speaker().say(code, **GIVEN, at=AT, until=AT)

    assert set(re.findall(r"%\((\w+)\)[sd]", str(WORDS[code]))) <= {*GIVEN, "at", "until"}
    assert "%" not in said.text
