"""Mail by a provider: its requests leave by our guarded client, and its answers are understood."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from channels_delivery import blocking
from channels_delivery.backend import Outlet
from channels_delivery.backends.email import BACKEND
from channels_delivery.mail.providers import PROVIDERS
from channels_delivery.outcome import Accepted, Outcome, Permanent, Temporary

from .backends.stage import SECRET
from .backends.stage_email_provider import ProviderStage
from .outbound.servers import Canary

PARTS = {"subject": "Hello", "text": "Hello", "html": "<p>Hello</p>"}
BOB = "bob@acme.example"
BY_THEIR_CLOCK = "Date: Mon, 02 Mar 2020 03:04:05 GMT\r\nRetry-After: Mon, 02 Mar 2020 03:49:05 GMT\r\n"


@pytest.fixture
def stage(settings: Any) -> Iterator[ProviderStage]:
    with ProviderStage() as one:
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {"ALLOW_ORIGINS": one.origins}}
        yield one


def send(stage: ProviderStage, outlet: Outlet | None = None, **given: Any) -> Outcome:
    parcel = stage.parcel(PARTS)._replace(**given)

    async def once() -> Outcome:
        try:
            return await BACKEND.send(parcel, outlet or stage.outlet, deadline=2.0)
        finally:
            await BACKEND.close()

    return asyncio.run(once())


@pytest.mark.once
@pytest.mark.parametrize(
    ("status", "fields", "wanted"),
    [
        (401, "", Permanent("auth", disable=True)),
        (403, "", Permanent("auth", disable=True)),
        (413, "", Permanent("content")),
        (404, "", Permanent("provider")),
        (429, "Retry-After: 77\r\n", Temporary("rate_limited", retry_after=77.0, slow_lane=True)),
        (503, "", Temporary("provider", slow_lane=True)),
        (503, BY_THEIR_CLOCK, Temporary("provider", retry_after=2_700.0, slow_lane=True)),
        (500, "", Temporary("provider")),
        (302, "Location: http://127.0.0.1:1/\r\n", Temporary("provider")),
    ],
)
def test_a_status_means(stage: ProviderStage, status: int, fields: str, wanted: Outcome) -> None:
    stage.say(status, {"Message": f"no {SECRET} here"}, fields)

    outcome = send(stage)

    assert replace(outcome, detail="") == wanted
    assert SECRET not in outcome.detail
    assert str(status) in outcome.detail


@pytest.mark.once
def test_a_secret_is_kept_in_no_part_where_the_words_are_cut(stage: ProviderStage) -> None:
    for room in range(700, 1_000, 20):
        stage.say(500, {"Message": f"{'x' * room} {SECRET}"})

        assert SECRET[:10] not in send(stage).detail


@pytest.mark.once
@pytest.mark.parametrize(("code", "suppress"), [(300, True), (406, False)])
def test_an_address_that_a_provider_refuses(stage: ProviderStage, code: int, suppress: bool) -> None:
    words = (
        f"Invalid 'To' address: '{BOB}'."
        if code == 300
        else f"Found inactive addresses: {BOB}. Inactive recipients bounced."
    )
    stage.say(422, {"ErrorCode": code, "Message": words})

    outcome = send(stage)

    assert isinstance(outcome, Permanent)
    assert (outcome.code, outcome.suppress) == ("address", suppress)


@pytest.mark.once
def test_the_delivery_goes_along_and_the_providers_id_is_kept(stage: ProviderStage) -> None:
    parcel = stage.parcel(PARTS)

    outcome = send(stage, public_id=parcel.public_id)

    [mail] = stage.mails
    assert mail["Metadata"] == {"notifyhub_delivery": parcel.public_id.hex}
    assert mail["From"] == "news@acme.example"
    assert isinstance(outcome, Accepted)
    assert outcome.detail.endswith("sent")


@pytest.mark.once
@pytest.mark.parametrize("provider", sorted(PROVIDERS))
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.1", "2130706433", "[::ffff:127.0.0.1]"])
def test_no_provider_is_a_way_to_this_machine(settings: Any, provider: str, host: str) -> None:
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {}}
    canary, stage = Canary(), ProviderStage()
    secrets = {"api_key": SECRET, "secret_key": SECRET}
    for scheme in ("http", "https"):
        given = {"provider": provider, "api_url": f"{scheme}://{host}:{canary.port}/", "from": "news@acme.example"}

        outcome = send(stage, Outlet(7, given, secrets))

        assert replace(outcome, disable=False) == Permanent("config", "The address could not be reached.")
        assert "settings.api_url" in BACKEND.faults(given, secrets)
    assert canary.visitors() == 0
    canary.close()


@pytest.mark.once
@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_a_channel_says_what_its_provider_needs(name: str) -> None:
    faults = BACKEND.faults({"provider": name, "host": "smtp.acme.example"}, {})

    assert {"settings.host", "settings.from", "secrets.api_key"} <= set(faults)


@pytest.mark.once
def test_one_lane_gets_a_quarter_of_the_threads() -> None:
    running, most, lock, gate = [0], [0], threading.Lock(), threading.Event()

    def hang() -> None:
        with lock:
            running[0] += 1
            most[0] = max(running[0], most[0])
        gate.wait(10)
        with lock:
            running[0] -= 1

    async def crowd() -> str:
        stuck = [asyncio.ensure_future(blocking.run("greedy", hang, deadline=5.0)) for _ in range(50)]
        while running[0] < blocking.SHARE:
            await asyncio.sleep(0)
        said = await blocking.run("other", lambda: "free", deadline=2.0)
        assert running[0] == blocking.SHARE
        gate.set()
        await asyncio.gather(*stuck)
        return said

    assert asyncio.run(crowd()) == "free"
    assert most[0] == blocking.SHARE


@pytest.mark.once
def test_a_thread_whose_time_is_over_keeps_its_place_until_it_returns() -> None:
    gate = threading.Event()

    async def wait() -> None:
        for _ in range(blocking.SHARE):
            with pytest.raises(TimeoutError):
                await blocking.run("slow", lambda: gate.wait(10), deadline=0.05)
        with pytest.raises(TimeoutError):
            await blocking.run("slow", lambda: True, deadline=0.05)
        gate.set()
        assert await blocking.run("slow", lambda: True, deadline=5.0)

    asyncio.run(wait())
