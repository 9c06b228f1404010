"""A certificate that does not hold ends the request before one byte of it is sent, by either client."""

import ssl
import warnings

import pytest

from channels_delivery.outbound.answer import Code, OutboundError
from channels_delivery.outbound.policy import Rules
from channels_delivery.outbound.sync import SyncOutbound
from channels_delivery.outbound.trust import client_context

from .certificates import Authority
from .clients import TLS, Post, code
from .servers import OK, Canary, Exchange, Receiver

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def trusting(authority: Authority) -> ssl.SSLContext:
    return client_context(str(authority.file))


def lookup(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def test_a_good_certificate_of_the_sites_own_authority(
    post: Post, authority: Authority, trusting: ssl.SSLContext
) -> None:
    with Receiver(OK, tls=authority.server("localhost")) as receiver:
        answer = post(receiver.origin, rules=Rules.of(origins=[receiver.origin]), lookup=lookup, tls=trusting)

    assert answer.status == 200
    assert receiver.requests[0].endswith(b"body")
    assert f"host: localhost:{receiver.port}".encode() in receiver.requests[0].lower()


@pytest.mark.parametrize(
    ("host", "flaw"),
    [("localhost", {"expired": True}), ("other.example.com", {}), ("localhost", {"own": False})],
    ids=["expired", "another host", "self-signed"],
)
def test_a_bad_certificate(
    post: Post, authority: Authority, trusting: ssl.SSLContext, host: str, flaw: dict[str, bool]
) -> None:
    with Receiver(OK, tls=authority.server(host, **flaw)) as receiver:
        rules = Rules.of(origins=[receiver.origin])
        assert code(post, receiver.origin, rules=rules, lookup=lookup, tls=trusting) == Code.TLS

    assert receiver.requests == []


def test_what_is_said_of_a_bad_certificate_does_not_repeat_the_url(
    post: Post, authority: Authority, trusting: ssl.SSLContext
) -> None:
    with Receiver(OK, tls=authority.server("localhost", own=False)) as receiver:
        rules = Rules.of(origins=[receiver.origin])
        with pytest.raises(OutboundError) as caught:
            post(f"{receiver.origin}/s3cret", rules=rules, lookup=lookup, tls=trusting)

    assert "s3cret" not in str(caught.value)
    assert "self-signed" in caught.value.detail


def test_an_authority_that_only_the_other_side_knows(post: Post, authority: Authority) -> None:
    with Receiver(OK, tls=authority.server("localhost")) as receiver:
        rules = Rules.of(origins=[receiver.origin])
        assert code(post, receiver.origin, rules=rules, lookup=lookup, tls=TLS) == Code.TLS

    assert receiver.requests == []


def test_a_library_cannot_turn_the_check_of_certificates_off(authority: Authority, trusting: ssl.SSLContext) -> None:
    with Receiver(OK, tls=authority.server("localhost", own=False)) as receiver:
        rules = Rules.of(origins=[receiver.origin])
        session = SyncOutbound(rules, lookup=lookup, tls=trusting).session
        with pytest.raises(OutboundError) as caught:
            session.post(receiver.origin, data=b"x", verify=False)

    assert caught.value.code == Code.TLS
    assert receiver.requests == []


def test_tls_before_1_2(post: Post, authority: Authority, trusting: ssl.SSLContext) -> None:
    old = authority.server("localhost")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")

    with Receiver(OK, tls=old) as receiver:
        rules = Rules.of(origins=[receiver.origin])
        assert code(post, receiver.origin, rules=rules, lookup=lookup, tls=trusting) == Code.TLS

    assert receiver.requests == []


def test_a_server_without_tls(post: Post, trusting: ssl.SSLContext) -> None:
    with Receiver(b"HTTP/1.1 400 Bad Request\r\n\r\n", read=False) as receiver:
        origin = receiver.origin.replace("http:", "https:")
        assert code(post, origin, rules=Rules.of(origins=[origin]), lookup=lookup, tls=trusting) == Code.TLS


def test_the_deadline_covers_the_handshake(post: Post, canary: Canary, trusting: ssl.SSLContext) -> None:
    origin = f"https://localhost:{canary.port}"  # takes the connection and says nothing

    found = code(post, origin, rules=Rules.of(origins=[origin]), lookup=lookup, tls=trusting, deadline=0.4)

    assert found == Code.TIMEOUT
    assert canary.visitors() == 1


def test_the_deadline_covers_a_handshake_that_drips(post: Post, trusting: ssl.SSLContext) -> None:
    def drip(exchange: Exchange) -> None:
        exchange.drip(b"\x16\x03\x03\x40\x00" + b"\x02" * 10_000)

    with Receiver(drip, read=False) as receiver:
        origin = receiver.origin.replace("http:", "https:")
        found = code(post, origin, rules=Rules.of(origins=[origin]), lookup=lookup, tls=trusting, deadline=0.4)

    assert found == Code.TIMEOUT


def test_the_deadline_covers_an_answer_that_drips_under_tls(
    post: Post, authority: Authority, trusting: ssl.SSLContext
) -> None:
    ended: list[str] = []

    def drip(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n")
        exchange.drip(b"y" * 199)
        ended.append("all but the last byte")
        exchange.drip(b"y")

    with Receiver(drip, tls=authority.server("localhost")) as receiver:
        rules = Rules.of(origins=[receiver.origin])
        found = code(post, receiver.origin, rules=rules, lookup=lookup, tls=trusting, deadline=0.5)
        assert ended == []

    assert found == Code.TIMEOUT
