"""What the answers of Slack and Teams do to a delivery, from a real server on this machine."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from channels_delivery.backend import Outlet, Words
from channels_delivery.backends import backends
from channels_delivery.outcome import Delivered, Outcome, Permanent, Temporary
from notifications.content import Content

from .stage import AT, SECRET
from .stage_slack import SlackStage
from .stage_teams import TeamsStage

pytestmark = pytest.mark.once


@pytest.fixture(params=[SlackStage, TeamsStage], ids=["slack", "teams"])
def both(request: Any, settings: Any) -> Iterator[SlackStage]:
    yield from on_stage(request.param, settings)


@pytest.fixture
def slack(settings: Any) -> Iterator[SlackStage]:
    yield from on_stage(SlackStage, settings)


@pytest.fixture
def teams(settings: Any) -> Iterator[SlackStage]:
    yield from on_stage(TeamsStage, settings)


def on_stage(kind: type[SlackStage], settings: Any) -> Iterator[SlackStage]:
    with kind() as one:
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {"ALLOW_ORIGINS": one.origins}}
        yield one


def sent(stage: SlackStage, outlet: Outlet | None = None, *, deadline: float = 5.0) -> Outcome:
    backend = backends()[stage.kind]
    parcel = stage.parcel(backend.compose(Words(Content("Zoë", "ünï ☃"), AT)))

    async def once() -> Outcome:
        try:
            return await backend.send(parcel, outlet or stage.outlet, deadline=deadline)
        finally:
            await backend.close()

    return asyncio.run(once())


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (b"200 OK\nok", Delivered("HTTP 200 ok")),
        (b'200 OK\n{"success":true}', Delivered('HTTP 200 {"success":true}')),
        (b'200 OK\n{ "ok": true }', Delivered('HTTP 200 { "ok": true }')),
        (b'200 OK\n{"success":false}', Temporary("provider", 'HTTP 200 {"success":false}')),
        (b'200 OK\n{"success":"true"}', Temporary("provider", 'HTTP 200 {"success":"true"}')),
        (b"200 OK\n[true]", Temporary("provider", "HTTP 200 [true]")),
        (b'500 Oh\n{"success":true}', Temporary("provider", 'HTTP 500 {"success":true}')),
        (b"200 OK\n", Temporary("provider", "HTTP 200")),
        (b"200 OK\n<html>welcome</html>", Temporary("provider", "HTTP 200 <html>welcome</html>")),
        (b"200 OK\nno_service", Permanent("address", "HTTP 200 no_service", disable=True)),
        (b"404 Not Found\nno_service", Permanent("address", "HTTP 404 no_service", disable=True)),
        (b"404 Not Found\nchannel_not_found", Permanent("address", "HTTP 404 channel_not_found", disable=True)),
        (b"410 Gone\nchannel_is_archived", Permanent("address", "HTTP 410 channel_is_archived", disable=True)),
        (b"403 Forbidden\naction_prohibited", Permanent("address", "HTTP 403 action_prohibited", disable=True)),
        (b"403 Forbidden\ninvalid_token", Permanent("auth", "HTTP 403 invalid_token")),
        (b"400 Bad Request\ninvalid_payload", Permanent("content", "HTTP 400 invalid_payload")),
        (b"400 Bad Request\nmsg_blocks_too_long", Permanent("content", "HTTP 400 msg_blocks_too_long")),
        (b"500 Oh\nrollup_error", Temporary("provider", "HTTP 500 rollup_error")),
        (b"302 Found\nelsewhere", Temporary("provider", "HTTP 302 elsewhere")),
    ],
)
def test_slack_means_what_its_word_says(slack: SlackStage, said: bytes, expected: Outcome) -> None:
    slack.answer(said)

    assert sent(slack) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (b"202 Accepted\n", Delivered("HTTP 202")),
        (b"200 OK\n1", Delivered("HTTP 200")),
        (b'200 OK\n{"error":{"code":"WorkflowNotFound"}}', Permanent),
        (b'404 Not Found\n{"error":{"code":"WorkflowNotFound"}}', Permanent),
        (b"410 Gone\n", Permanent("address", "HTTP 410", disable=True)),
        (b"200 OK\nWebhook message delivery failed with error: HTTP error 429", Temporary),
        (b"200 OK\nWebhook message delivery failed with error: HTTP error 413", Permanent),
        (b'200 OK\n{"error":{"code":"Oops"}}', Temporary),
        (b'401 Unauthorized\n{"error":{"code":"DirectApiAuthorizationRequired"}}', Permanent),
        (b"413 Too large\n", Permanent("content", "HTTP 413")),
        (b"502 Bad Gateway\n", Temporary("provider", "HTTP 502")),
    ],
)
def test_teams_may_say_200_and_mean_no(teams: SlackStage, said: bytes, expected: Any) -> None:
    teams.answer(said)
    outcome = sent(teams)

    assert isinstance(outcome, expected) if isinstance(expected, type) else outcome == expected


@pytest.mark.parametrize(("fields", "wait"), [([], None), ([b"Retry-After: 17"], 17.0), ([b"Retry-After: soon"], None)])
def test_being_asked_to_slow_down_slows_the_whole_way(
    both: SlackStage, fields: list[bytes], wait: float | None
) -> None:
    both.answer(b"429 Too Many Requests\nratelimited", *fields)

    assert sent(both) == Temporary("rate_limited", "HTTP 429 ratelimited", retry_after=wait, slow_lane=True)


@pytest.mark.parametrize("count", [0, 1, 9, 17, 30])
def test_a_torn_connection_is_tried_again(both: SlackStage, count: int) -> None:
    both.reset_after(count)

    outcome = sent(both)

    assert isinstance(outcome, Temporary)
    assert outcome.code in {"network", "provider"}


def test_an_endless_answer_is_not_read(both: SlackStage) -> None:
    both.answer(b"200 OK\n" + b"x" * 1_000_000)

    outcome = sent(both)

    assert len(str(outcome)) < 1_000


def test_an_answer_that_repeats_the_address_does_not_give_it_away(both: SlackStage) -> None:
    url = both.secrets["url"]
    for form in (url, url.partition("://")[2].partition("/")[2]):
        both.answer(b"400 Bad Request\nno such thing as " + form.encode())

        assert SECRET not in str(sent(both))


def test_the_body_says_in_which_letters_it_is_written(both: SlackStage) -> None:
    sent(both)

    assert b"content-type: application/json; charset=utf-8" in both.heads[0].lower()
    assert "ünï ☃".encode() in both.bodies[0]


@pytest.mark.parametrize("shape", ["message", "card", None])
def test_teams_gets_the_shape_that_its_flow_takes(teams: SlackStage, shape: str | None) -> None:
    sent(teams, Outlet(7, {"shape": shape} if shape else {}, teams.secrets))

    body = json.loads(teams.bodies[0])
    if shape == "card":
        assert body["type"] == "AdaptiveCard"
    else:
        [one] = body["attachments"]
        assert (body["type"], one["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
        assert one["content"]["type"] == "AdaptiveCard"
