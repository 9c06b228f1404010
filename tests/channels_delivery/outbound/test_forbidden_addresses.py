"""No forbidden address is reached: as a literal, as an answer of DNS, as the target of a redirect, by either client.

A refusal alone is no pass; the canary must have seen nobody.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import aiohttp
import pytest
import requests

from channels_delivery.outbound.aio import Limits, checked_connector
from channels_delivery.outbound.answer import Code, OutboundError
from channels_delivery.outbound.deadline import Deadline
from channels_delivery.outbound.dialled import GuardedAdapter
from channels_delivery.outbound.names import Names
from channels_delivery.outbound.policy import Rules
from channels_delivery.outbound.sync import SyncOutbound

from .clients import TLS, Post, code
from .forms import FORMS, Form
from .servers import OK, Canary, Exchange, Receiver

pytestmark = pytest.mark.once
PUBLIC = "93.184.216.34"
each_form = pytest.mark.parametrize("form", FORMS, ids=str)


@pytest.fixture
def rules(canary: Canary) -> Rules:
    """The port of the canary is open, so that only the address stands between it and a visitor."""
    return Rules(allow_ports=frozenset({canary.port}))


@pytest.fixture(scope="module")
def redirecting() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def test_the_table_is_long_enough() -> None:
    assert len(set(FORMS)) >= 60


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0", "１２７.0.0.1"])
def test_without_a_guard_the_canary_sees_them(canary: Canary, host: str) -> None:
    socket.create_connection((host, canary.port)).close()

    assert canary.visitors() == 1


@each_form
def test_as_a_literal(post: Post, canary: Canary, rules: Rules, form: Form) -> None:
    refused = code(post, f"https://{form.host}:{canary.port}/hook", rules=rules, lookup=lambda *_: [form.address])

    assert refused == Code.REFUSED
    assert canary.visitors() == 0


@each_form
@pytest.mark.parametrize("before", [[], [PUBLIC]], ids=["alone", "mixed"])
def test_as_an_answer_of_dns(post: Post, canary: Canary, rules: Rules, form: Form, before: list[str]) -> None:
    answers = [*before, form.address]

    refused = code(post, f"https://hooks.example.com:{canary.port}/", rules=rules, lookup=lambda *_: answers)

    assert refused == Code.REFUSED
    assert canary.visitors() == 0


@each_form
def test_as_the_target_of_a_redirect(post: Post, canary: Canary, redirecting: Receiver, form: Form) -> None:
    target = f"http://{form.host}:{canary.port}/".encode()
    redirecting.script = lambda exchange: exchange.send(
        b"HTTP/1.1 302 Found\r\nLocation: " + target + b"\r\nContent-Length: 0\r\n\r\n"
    )
    rules = Rules.of(origins=[redirecting.address], ports=[canary.port])

    answer = post(redirecting.address, rules=rules, lookup=lambda *_: [form.address])

    assert answer.status == 302
    assert canary.visitors() == 0


@each_form
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_below_the_check_of_urls(canary: Canary, rules: Rules, form: Form, scheme: str) -> None:
    url = f"{scheme}://{form.host}:{canary.port}/"
    names = Names(rules, lookup=lambda *_: [form.address])

    for ask in (_bare_aiohttp, _bare_requests):
        with pytest.raises((aiohttp.ClientError, requests.RequestException, OSError, ValueError)):
            ask(url, rules, names)

    names.close()
    assert canary.visitors() == 0


@pytest.mark.parametrize("answers", [[PUBLIC, "::1"], ["::1", PUBLIC], ["2606:4700::1", "127.0.0.1"], [PUBLIC, "junk"]])
def test_one_forbidden_answer_refuses_the_name(post: Post, canary: Canary, rules: Rules, answers: list[str]) -> None:
    url = f"https://hooks.example.com:{canary.port}/"

    assert code(post, url, rules=rules, lookup=lambda *_: answers) == Code.REFUSED
    assert canary.visitors() == 0


def test_a_name_that_turns_to_loopback_later_is_refused_then(post: Post, canary: Canary, rules: Rules) -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    names = Names(rules, lookup=lambda *_: next(answers))

    checked = names.submit("hooks.example.com", canary.port).result()

    assert checked == [PUBLIC]
    assert code(post, f"https://hooks.example.com:{canary.port}/", rules=rules, lookup=lambda *_: next(answers)) == (
        Code.REFUSED
    )
    assert canary.visitors() == 0


def test_what_was_checked_is_what_is_dialled_with_one_look_at_dns(post: Post, canary: Canary) -> None:
    looks: list[str] = []

    def lookup(host: str, port: int) -> list[str]:
        looks.append(host)
        return ["127.0.0.1"] if len(looks) == 1 else ["10.0.0.1"]

    with Receiver(OK) as receiver:
        answer = post(receiver.origin, rules=Rules.of(origins=[receiver.origin]), lookup=lookup)

    assert answer.status == 200
    assert looks == ["localhost"]


@pytest.mark.parametrize("loopback", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_an_address_that_dns_never_showed_is_refused_at_the_socket(canary: Canary, rules: Rules, loopback: str) -> None:
    class Lying(Names):
        def submit(self, host: str, port: int) -> Future[list[str]]:
            promise: Future[list[str]] = Future()
            promise.set_result([loopback])
            return promise

    names = Lying(rules)

    for ask in (_bare_aiohttp, _bare_requests):
        with pytest.raises((aiohttp.ClientError, requests.RequestException)):
            ask(f"http://hooks.example.com:{canary.port}/", rules, names)

    assert canary.visitors() == 0


def test_a_strange_name_gains_nothing_from_an_allowed_origin(post: Post) -> None:
    with Receiver(OK) as receiver:
        rules = Rules.of(origins=[receiver.origin], ports=[receiver.port])
        refused = code(post, f"https://evil.example.com:{receiver.port}/", rules=rules, lookup=lambda *_: ["127.0.0.1"])

    assert refused == Code.REFUSED
    assert receiver.peers == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(post: Post, canary: Canary, status: int) -> None:
    def redirect(exchange: Exchange) -> None:
        exchange.send(
            b"HTTP/1.1 %d Over There\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n"
            % (status, canary.port)
        )

    with Receiver(redirect) as receiver:
        origins = [receiver.origin, f"http://127.0.0.1:{canary.port}"]  # even where its target would be allowed
        answer = post(receiver.origin, rules=Rules.of(origins=origins), lookup=lambda *_: ["127.0.0.1"])

    assert answer.status == status
    assert answer.headers["Location"] == f"http://127.0.0.1:{canary.port}/"
    assert len(receiver.requests) == 1
    assert canary.visitors() == 0


def test_the_environment_names_no_proxy_and_no_password(
    post: Post, canary: Canary, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("default login alice password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    with Receiver(OK) as receiver:
        answer = post(receiver.origin, rules=Rules.of(origins=[receiver.origin]), lookup=lambda *_: ["127.0.0.1"])

    assert answer.status == 200
    assert b"authorization" not in receiver.requests[0].lower()
    assert canary.visitors() == 0


def test_a_library_cannot_ask_its_session_for_more(canary: Canary) -> None:
    redirect = b"HTTP/1.1 307 Over There\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n" % canary.port

    with Receiver(redirect) as receiver:
        origins = [receiver.address, f"http://127.0.0.1:{canary.port}"]
        session = SyncOutbound(Rules.of(origins=origins), tls=TLS).session
        answer = session.post(
            receiver.address,
            data=b"x",
            allow_redirects=True,
            proxies={"http": f"http://127.0.0.1:{canary.port}"},
            timeout=None,
            stream=False,
        )

    assert answer.status_code == 307
    assert canary.visitors() == 0


def test_a_session_for_libraries_refuses_too(canary: Canary, rules: Rules) -> None:
    session = SyncOutbound(rules, lookup=lambda *_: ["127.0.0.1"], tls=TLS).session
    prepared = requests.Request("POST", f"https://hooks.example.com:{canary.port}/").prepare()

    asked: list[Callable[[], object]] = [
        lambda: session.post(f"https://hooks.example.com:{canary.port}/", data=b"x", allow_redirects=True),
        lambda: session.get(f"https://１２７.0.0.1:{canary.port}/"),
        lambda: session.send(prepared),
    ]
    for ask in asked:
        with pytest.raises(OutboundError) as caught:
            ask()
        assert caught.value.code == Code.REFUSED

    assert canary.visitors() == 0


def test_a_prepared_request_is_held_to_its_scheme(canary: Canary) -> None:
    session = SyncOutbound(Rules.of(origins=[f"https://localhost:{canary.port}"]), tls=TLS).session

    with pytest.raises(OutboundError) as caught:
        session.send(requests.Request("GET", f"http://localhost:{canary.port}/").prepare(), timeout=1)

    assert caught.value.code == Code.REFUSED
    assert canary.visitors() == 0


def _bare_aiohttp(url: str, rules: Rules, names: Names) -> None:
    async def once() -> None:
        connector = checked_connector(rules, names, limits=Limits(), tls=TLS)
        async with aiohttp.ClientSession(connector=connector) as session:
            await session.get(url)

    asyncio.run(once())


def _bare_requests(url: str, rules: Rules, names: Names) -> None:
    session = requests.Session()
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, GuardedAdapter(rules, names=names, tls=TLS))
    with Deadline(10):
        session.get(url)
