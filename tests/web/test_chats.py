"""The rooms of Slack and Teams: what is posted is taken or refused as there, drawn, and shown to its own tenant."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from channels_delivery.backend import Words
from channels_delivery.chat import blocks, card
from channels_delivery.chat.drawn import drawn
from channels_delivery.chat.replies import of_slack, of_teams
from channels_delivery.outbound.answer import Answer
from channels_delivery.outcome import Permanent, Temporary
from notifications.content import Action, Content
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from notifyhub.chats import PATIENCE, POSTED, SCRIPTS, Manner

from .pages import visitor

pytestmark = pytest.mark.django_db
NASTY = "<!channel> [bank](https://e) & **b** ${x}"


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    POSTED.drop(lambda _: True)
    yield
    POSTED.drop(lambda _: True)
    SCRIPTS.forget()


def words(body: str = NASTY) -> Words:
    actions = (Action("Take over", "https://acme.example/o"),)
    return Words(Content("Order 7", body, level="error", actions=actions), db_now(), tenant="Acme")


def post(slug: str, kind: str, body: Any) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    return Client().post(f"/chats/{slug}/{kind}/", text, content_type="application/json; charset=utf-8")


@pytest.mark.parametrize("kind", ["slack", "teams"])
def test_what_we_make_is_taken_and_shown_as_it_was_written(acme: Tenant, alice: Recipient, kind: str) -> None:
    made = blocks.message(words()) if kind == "slack" else card.card(words())

    answer = post(acme.slug, kind, made)
    shown = visitor(alice).get(f"/chats/{acme.slug}/")

    assert (answer.status_code, answer.content) == ((200, b"ok") if kind == "slack" else (202, b""))
    assert shown.context["posted"][0][0].drawn.lines == [NASTY]
    assert "&lt;!channel&gt; [bank](https://e) &amp; **b** ${x}" in shown.content.decode()
    assert "Take over" in shown.content.decode()


@pytest.mark.parametrize(
    ("kind", "body", "status", "said"),
    [
        ("slack", "no json", 400, "invalid_payload"),
        ("slack", {}, 400, "no_text"),
        ("slack", {"text": "x", "blocks": [{"type": "divider"}] * 51}, 400, "invalid_blocks"),
        ("slack", {"blocks": [{"type": "header", "text": {"text": "x" * 151}}]}, 400, "invalid_blocks"),
        ("slack", {"blocks": [{"type": "x", "text": {"text": "x" * 12_000}}]}, 400, "msg_blocks_too_long"),
        ("slack", {"blocks": [1]}, 400, "invalid_blocks"),
        ("teams", "no json", 400, "InvalidRequestContent"),
        ("teams", {"type": "message", "attachments": []}, 400, "InvalidBotAdaptiveCard"),
        ("teams", {"type": "AdaptiveCard", "body": [], "x": "x" * 29_000}, 413, "RequestEntityTooLarge"),
        ("nowhere", {}, 404, "no_service"),
    ],
)  # fmt: skip
def test_what_they_would_refuse_is_refused(acme: Tenant, kind: str, body: Any, status: int, said: str) -> None:
    answer = post(acme.slug, kind, body)

    assert answer.status_code == status
    assert said in answer.content.decode()


def test_a_tenant_sees_its_own_rooms_only(acme: Tenant, globex: Tenant, alice: Recipient) -> None:
    post(globex.slug, "slack", {"text": "of globex"})

    assert visitor(alice).get(f"/chats/{globex.slug}/").status_code == 404
    assert visitor(alice).get(f"/chats/{globex.slug}/state/").status_code == 404
    assert visitor(alice).post(f"/chats/{globex.slug}/clear/").status_code == 404
    assert "of globex" not in visitor(alice).get(f"/chats/{acme.slug}/").content.decode()
    assert Client().get(f"/chats/{acme.slug}/").status_code == 302


@pytest.mark.parametrize(
    "given", [{}, {"blocks": 3}, {"blocks": [{}]}, {"attachments": [{}]}, {"type": "AdaptiveCard"}]
)
def test_what_is_no_message_is_not_drawn(given: dict[str, Any]) -> None:
    assert drawn("slack", given) is None
    assert drawn("teams", given) is None
    assert drawn("fax", given) is None


@pytest.mark.parametrize(
    ("kind", "manner", "status", "said"),
    [
        ("slack", Manner.BUSY, 429, "rate_limited"),
        ("slack", Manner.BROKEN, 500, "rollup_error"),
        ("slack", Manner.GONE, 404, "no_service"),
        ("teams", Manner.BUSY, 429, "TooManyRequests"),
        ("teams", Manner.BROKEN, 502, "BadGateway"),
        ("teams", Manner.GONE, 404, "WorkflowNotFound"),
    ],
)
def test_a_room_fails_as_it_was_told_for_so_many_messages(
    acme: Tenant, alice: Recipient, kind: str, manner: Manner, status: int, said: str
) -> None:
    made = blocks.message(words()) if kind == "slack" else card.card(words())
    told = visitor(alice).post(f"/chats/{acme.slug}/answer/", {"manner": manner.value, "times": "1"}, follow=True)
    assert "The next request gets" in told.content.decode()

    first, second = post(acme.slug, kind, made), post(acme.slug, kind, made)

    assert (first.status_code, said in first.content.decode()) == (status, True)
    assert first.headers.get("Retry-After") == (str(PATIENCE) if status == 429 else None)
    assert second.status_code < 300


def test_our_own_backend_reads_each_failure_as_what_it_is(acme: Tenant) -> None:
    """What a room says when it was told to fail is what Slack and a flow say: temporary, or gone for good."""
    wanted = {Manner.BUSY: Temporary, Manner.BROKEN: Temporary, Manner.GONE: Permanent}
    for manner, outcome in wanted.items():
        for kind, read, made in (("slack", of_slack, blocks.message(words())), ("teams", of_teams, card.card(words()))):
            SCRIPTS.put(manner, tenant_id=acme.pk)
            answer = post(acme.slug, kind, made)
            found = read(Answer(answer.status_code, dict(answer.headers), answer.content, 0.1), now=db_now())
            assert isinstance(found, outcome), (manner, kind, found)
            assert getattr(found, "disable", False) is (manner is Manner.GONE)


def test_nobody_else_tells_a_room_how_to_answer(acme: Tenant, mallory: Recipient) -> None:
    assert visitor(mallory).post(f"/chats/{acme.slug}/answer/", {"manner": "gone"}).status_code == 404
    assert visitor(mallory).post(f"/chats/{acme.slug}/resume/").status_code == 404
    assert SCRIPTS.of(acme.pk) is None
