"""Services by Apprise: only those that the site allows, and nowhere that our own client would not go."""

import ast
import asyncio
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from channels_delivery.backends import backends
from channels_delivery.conf import ChannelsDeliverySettings
from channels_delivery.outcome import Delivered, Outcome, Permanent, Temporary
from channels_delivery.services import address, library

from .backends.stage_apprise import AppriseStage
from .outbound.forms import FORMS, Form
from .outbound.servers import Canary

pytestmark = pytest.mark.once
PARTS = {"title": "Order 7 left", "body": "It is on its way.", "level": "info"}
DEFAULT = ChannelsDeliverySettings().apprise_services


@pytest.fixture
def stage(settings: Any) -> Iterator[AppriseStage]:
    with AppriseStage() as one:
        given = {**one.site, "ALLOW_ORIGINS": one.origins}
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": given}
        yield one


@pytest.fixture
def canary() -> Iterator[Canary]:
    one = Canary()
    yield one
    one.close()


def send(stage: AppriseStage, url: str = "") -> Outcome:
    backend, outlet = backends()["apprise"], stage.outlet
    if url:
        outlet = type(outlet)(7, {}, {"url": url})
    return asyncio.run(backend.send(stage.parcel(PARTS), outlet, deadline=3))


@pytest.mark.parametrize(
    ("answer", "expected", "code", "more"),
    [
        (b"429 Slow\n", Temporary, "rate_limited", {"retry_after": 7.0, "slow_lane": True}),
        (b"503 Busy\n", Temporary, "provider", {"retry_after": 7.0, "slow_lane": True}),
        (b"500 Oh\n", Temporary, "provider", {}),
        (b"302 Elsewhere\n", Permanent, "config", {}),
        (b"401 Who\n", Permanent, "auth", {}),
        (b"404 Where\n", Permanent, "auth", {}),
        (b"410 Gone\n", Permanent, "address", {"disable": True}),
        (b"422 What\n", Permanent, "content", {}),
    ],
)
def test_answers_are_read(stage: AppriseStage, answer: bytes, expected: Any, code: str, more: dict[str, Any]) -> None:
    stage.answer(answer, b"Retry-After: 7")

    outcome = send(stage)

    assert isinstance(outcome, expected)
    assert outcome.code == code
    assert {name: getattr(outcome, name) for name in more} == more


def test_a_date_until_which_to_wait_is_by_their_clock(stage: AppriseStage) -> None:
    stage.answer(b"503 Busy\n", b"Date: Mon, 02 Mar 2020 03:04:05 GMT", b"Retry-After: Mon, 02 Mar 2020 03:49:05 GMT")

    assert send(stage) == Temporary("provider", "HTTP 503", retry_after=2_700.0, slow_lane=True)


def test_a_redirect_is_not_followed(stage: AppriseStage, canary: Canary) -> None:
    stage.answer(b"307 There\n", f"Location: http://127.0.0.1:{canary.port}/".encode())

    assert isinstance(send(stage, f"{stage.secrets['url']}?redirect=yes"), Permanent)
    assert isinstance(send(stage), Permanent)
    assert canary.visitors() == 0
    assert len(stage.ids) == 1


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_no_forbidden_address_is_reached(settings: Any, stage: AppriseStage, canary: Canary, form: Form) -> None:
    given = {**stage.site, "ALLOW_PORTS": [canary.port]}
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": given}

    for scheme in ("json", "jsons"):
        outcome = send(stage, f"{scheme}://{form.host}:{canary.port}/hook")
        assert isinstance(outcome, Permanent | Temporary)

    assert canary.visitors() == 0


def test_a_name_that_leads_to_a_refused_address_is_refused_at_the_socket(
    settings: Any, stage: AppriseStage, canary: Canary
) -> None:
    """Past what is said of the URL: Apprise itself asks, and our client is what it finds in its way."""
    from channels_delivery.outbound.lent import calling

    settings.NOTIFYHUB = {
        **settings.NOTIFYHUB,
        "CHANNELS_DELIVERY": {**stage.site, "ALLOW_PORTS": [canary.port]},
    }
    service = library.service_of(f"jsons://localhost.localdomain:{canary.port}/?verify=no&redirect=yes")

    with calling(deadline=3, headers={}) as call:
        assert service.notify(title="x", body="y") is False

    assert call.error is not None
    assert canary.visitors() == 0


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "mailto://acme:pass@example.com",
        "syslog://localhost",
        "file:///etc/passwd",
        "https://discord.com/api/webhooks/1/2",
        "discord://1234567890/abcdefghijklmnop?template=/etc/passwd",
        "discord://1234567890/abcdefghijklmnop?template=http://127.0.0.1/",
        "discord://1234567890/abcdefghijklmnop?verify=no",
        "discord://1234567890/abcdefghijklmnop?+x-y=z",
        "discord://1234567890/abcdefghijklmnop#a",
        "discord://",
        "tgram://123456789:abcdefg_hijklmnop/1/2",
        "tgram://123456789:abcdefg_hijklmnop/1?to=2",
    ],
)
def test_what_cannot_be_sent_by_is_said(url: str) -> None:
    assert address.fault(url)


@pytest.mark.parametrize(
    "url",
    [
        "discord://1234567890/abcdefghijklmnop",
        "tgram://123456789:abcdefg_hijklmnop/12315544",
        "pover://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
        "pbul://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "gchat://space/key/token",
    ],
)
def test_what_can_be_sent_by_has_no_fault(url: str) -> None:
    assert address.fault(url) is None


@pytest.mark.parametrize("scheme", ["mailto", "syslog", "mqtt", "xmpp", "smpp", "matrix", "bluesky", "nostr", "none"])
def test_a_service_with_another_way_out_is_not_let_in_even_if_a_site_wants_it(settings: Any, scheme: str) -> None:
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {"APPRISE_SERVICES": [scheme]}}

    with pytest.raises(library.NotAllowed):
        library.service_of(f"{scheme}://user:pass@example.com/")
    assert address.fault(f"{scheme}://user:pass@example.com/")


@pytest.mark.parametrize("scheme", DEFAULT)
def test_our_own_choice_knows_no_way_but_requests(scheme: str) -> None:
    """The source of each plugin: no client imported anywhere, also not within a function."""
    plugin = library._plugin(scheme)
    assert library._held(plugin)
    spec = importlib.util.find_spec(plugin.__module__)
    assert spec is not None
    tree = ast.parse(Path(str(spec.origin)).read_text())
    named = {one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names}
    named |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert not {one for one in named if one.split(".")[0] in {"socket", "http", "smtplib", "urllib3", "asyncio"}}
    assert {one for one in named if one.startswith("requests")} <= {"requests"}


def test_one_request_and_no_second_after_a_no(stage: AppriseStage) -> None:
    from channels_delivery.outbound.lent import LENT, calling

    stage.answer(b"429 Slow\n")
    url = stage.secrets["url"].replace("json:", "http:")

    with calling(deadline=3, headers={"x-notifyhub-id": "msg_1"}):
        assert LENT.post(url, data="{}").status_code == 429
        with pytest.raises(LENT.RequestException):
            LENT.post(url, data="{}")
    with pytest.raises(LENT.RequestException):
        LENT.post(url, data="{}")

    assert len(stage.ids) == 1


def test_the_words_arrive(stage: AppriseStage) -> None:
    assert isinstance(send(stage), Delivered)

    assert b"Order 7 left" in stage.bodies[0]
    assert b"It is on its way." in stage.bodies[0]
