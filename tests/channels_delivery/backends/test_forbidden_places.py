"""No kind reaches a forbidden address: as it stands in a setting or on a parcel, as an answer of DNS, as the target of
a redirect. What the common client does with each form is told in `outbound/`; here it is asked of every backend, so
that none goes by another way. A failure alone is no pass: the canary must have seen nobody."""

import asyncio
import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from channels_delivery.backend import Outlet
from channels_delivery.backends import backends
from channels_delivery.outcome import Accepted, Delivered, Outcome, Permanent
from channels_delivery.parcel import Parcel
from tests.channels_delivery.outbound.forms import FORMS, Form
from tests.channels_delivery.outbound.servers import Canary, Exchange, Receiver

from .stage import Stage, stages
from .test_contract import words

pytestmark = pytest.mark.once
STAGES = stages()
NAME = "hooks.example.com"
BY_HTTP = sorted(set(STAGES) - {"email"})
"""An SMTP server redirects nobody."""

Sent = tuple[Parcel, Outlet]


@pytest.fixture(scope="module")
def canary() -> Iterator[Canary]:
    listening = Canary()
    yield listening
    listening.close()


@pytest.fixture
def allowed(settings: Any, canary: Canary) -> Any:
    """The port of the canary is open, so that only the address stands between it and a visitor."""

    def allow(stage: Stage, *origins: str) -> None:
        given = {"PUSH_HOSTS": [NAME], "ALLOW_PORTS": [canary.port], "ALLOW_ORIGINS": list(origins)}
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {**stage.site, **given}}

    return allow


def led_to(stage: Stage, place: str) -> Sent:
    """What the stage would send, to another scheme, host and port. A mail server is told by its host and port."""
    outlet, parcel = stage.outlet, stage.parcel(json.loads(json.dumps(backends()[stage.kind].compose(words()))))
    if "host" in outlet.settings:
        host, _, port = place.partition("://")[2].rpartition(":")
        return parcel, replace(outlet, settings={**outlet.settings, "host": host.strip("[]"), "port": int(port)})
    [origin] = stage.origins
    ours = [(origin, place), (origin.replace("http://", "json://"), place.replace("http", "json", 1))]
    told = json.dumps([outlet.settings, outlet.secrets, parcel.address])
    for old, new in ours:
        told = told.replace(json.dumps(old)[1:-1], json.dumps(new)[1:-1])
    settings, secrets, address = json.loads(told)
    assert told != json.dumps([outlet.settings, outlet.secrets, parcel.address])
    return parcel._replace(address=address), replace(outlet, settings=settings, secrets=secrets)


def outcomes(kind: str, sends: list[Sent]) -> list[Outcome]:
    backend = backends()[kind]

    async def all_of_them() -> list[Outcome]:
        try:
            return [await backend.send(parcel, outlet, deadline=5) for parcel, outlet in sends]
        finally:
            await backend.close()

    return asyncio.run(all_of_them())


def nobody_was_told(canary: Canary, found: list[Outcome]) -> None:
    assert len(found) >= 60
    assert not [one for one in found if isinstance(one, Accepted | Delivered)]
    assert canary.visitors() == 0


@pytest.mark.parametrize("name", sorted(STAGES))
def test_as_it_stands(name: str, canary: Canary, allowed: Any) -> None:
    with STAGES[name]() as stage:
        allowed(stage)
        sends = [led_to(stage, f"https://{form.host}:{canary.port}") for form in FORMS]
        found = outcomes(stage.kind, sends)

    nobody_was_told(canary, found)
    assert all(isinstance(one, Permanent) for one in found)


@pytest.mark.parametrize("name", sorted(STAGES))
def test_as_an_answer_of_dns(name: str, canary: Canary, allowed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[str] = []
    asked: list[str] = []

    def lookup(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET6 if ":" in one else socket.AF_INET, 1, 6, "", (one, port)) for one in answers]

    found: list[Outcome] = []
    with STAGES[name]() as stage:
        allowed(stage)
        place = f"https://{NAME}" if stage.kind == "push" else f"https://{NAME}:{canary.port}"
        monkeypatch.setattr(socket, "getaddrinfo", lookup)  # the system's resolver, at the edge of the network
        for form in FORMS:
            answers[:] = [form.address]
            found += outcomes(stage.kind, [led_to(stage, place)])
        monkeypatch.undo()

    assert asked.count(NAME) >= 60
    nobody_was_told(canary, found)


@pytest.mark.parametrize("name", BY_HTTP)
def test_as_the_target_of_a_redirect(name: str, canary: Canary, allowed: Any) -> None:
    target: list[Form] = []

    def away(exchange: Exchange) -> None:
        place = f"http://{target[0].host}:{canary.port}/".encode()
        exchange.send(
            b"HTTP/1.1 307 Away\r\nLocation: " + place + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        )

    found: list[Outcome] = []
    with STAGES[name]() as stage, Receiver(away) as redirecting:
        allowed(stage, redirecting.address)
        for form in FORMS:
            target[:] = [form]
            found += outcomes(stage.kind, [led_to(stage, redirecting.address)])
        assert len(redirecting.requests) >= 60

    nobody_was_told(canary, found)
