"""No backend keeps the credential of its channel, or of a place, with an answer that repeats it."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from channels_delivery.backend import Outlet
from channels_delivery.backends import backends
from channels_delivery.outcome import Outcome

from .stage import SECRET, Stage
from .stage_apprise import AppriseStage
from .stage_push import PushStage
from .stage_slack import SlackStage, whole
from .stage_sms import SmsStage
from .stage_teams import STAGE as TEAMS
from .stage_webhook import WebhookStage
from .test_contract import words

pytestmark = pytest.mark.once
ODD = "sEc%2Bret%2FXYZ9"
SLASHED = json.dumps({"path": f"/services/T0/B0/{SECRET}"}).replace("/", "\\/")


@pytest.fixture(params=[SlackStage, TEAMS, AppriseStage, WebhookStage, PushStage, SmsStage])
def stage(request: pytest.FixtureRequest, settings: Any) -> Iterator[Stage]:
    with request.param() as one:
        given = {**one.site, "ALLOW_ORIGINS": one.origins}
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": given}
        yield one


def answered(stage: Any, said: str) -> str:
    """What is kept of a no in these words."""
    script: Callable[[Any], None] = lambda exchange: exchange.send(whole(b"400 No\n" + said.encode()))  # noqa: E731
    match stage:
        case PushStage():
            stage._service.does(script)
        case SmsStage():
            stage.stub.play(script)
        case _:
            stage._receiver.script = script
    backend = backends()[stage.kind]
    parcel = stage.parcel(json.loads(json.dumps(backend.compose(words()))))
    secrets, given = dict(stage.secrets), dict(stage.settings)
    match stage:
        case WebhookStage():
            parcel = parcel._replace(address=f"{stage.address}/{SECRET}/{ODD}")
            given["headers"] = {"Authorization": f"Bearer {SECRET}"}
        case PushStage():
            parcel = parcel._replace(address=f"{parcel.address}/{SECRET}?token={ODD}")
        case SmsStage():
            given["url"] = f"{stage.stub.address}/{ODD}"
        case _:
            secrets["url"] = f"{secrets['url']}/{ODD}"

    async def once() -> Outcome:
        try:
            return await backend.send(parcel, Outlet(7, given, secrets), deadline=5)
        finally:
            await backend.close()

    outcome = asyncio.run(once())
    return str(getattr(outcome, "detail"))  # noqa: B009


@pytest.mark.parametrize("said", [f"no hook {SECRET}", SLASHED, f"bad token {ODD}", f"bad token {unquote(ODD)}"])
def test_an_answer_is_kept_without_the_credential_that_it_repeats(stage: Stage, said: str) -> None:
    kept = answered(stage, said)

    assert "400" in kept
    assert "…" in kept
    for secret in (SECRET, ODD, unquote(ODD)):
        assert secret not in kept


def test_nor_where_the_words_are_cut(stage: Stage) -> None:
    for room in (290, 990):
        assert SECRET[:6] not in answered(stage, f"{'x' * room} {SECRET}")


def test_other_words_are_kept(stage: Stage) -> None:
    assert "no such room" in answered(stage, "no such room")
