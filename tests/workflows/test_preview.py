"""A preview shows what would be said, within bounds of its own."""

from datetime import UTC, datetime

import pytest

from notifications.models import Tenant
from tests.cast import workflow
from workflows.define import send, send_inbox
from workflows.preview import Reader, preview

pytestmark = pytest.mark.once
AT = datetime(2026, 11, 20, tzinfo=UTC)


def test_what_comes_after_its_time_is_told_and_not_shown() -> None:
    body = workflow("t.long", *(send_inbox(title="{{ payload.x }}") for _ in range(3))).body

    whole = preview(body, Reader.of(Tenant(name="Acme")), payload={"x": "shown"}, now=AT)
    short = preview(body, Reader.of(Tenant(name="Acme")), payload={"x": "shown"}, now=AT, seconds=-1)

    assert [one.content.title for one in whole] == ["shown"] * 3
    assert [one.content.title for one in short] == ["T.Long"] * 3
    assert all("took too long" in one.problem for one in short)


def test_texts_of_a_digest_have_something_to_show() -> None:
    title = "{{ digest.count }}: {% for one in digest.items %}{{ one.payload.x }} {% endfor %}"

    (shown,) = preview(
        workflow("t.digest", send_inbox(title=title)).body, Reader.of(Tenant()), payload={"x": "a"}, now=AT
    )

    assert shown.content.title == "2: a a"


@pytest.mark.parametrize(("body", "segments"), [("Short.", 1), ("x" * 290, 2), ("ü€" * 70, 2), ("😀" * 40, 2)])
def test_an_sms_says_how_many_segments_it_takes(body: str, segments: int) -> None:
    (shown,) = preview(
        workflow("t.sms", send("sms", title="Cell 7", body=body)).body, Reader.of(Tenant()), payload={}, now=AT
    )

    assert shown.measures["segments"] == segments
    assert shown.measures["characters"] == len(shown.parts["text"])
