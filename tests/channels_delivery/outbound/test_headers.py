"""Header fields of tenants: the good ones reach the wire byte for byte, the others are named when they are written."""

import pytest

from channels_delivery.outbound.headers import Fault, check_headers, sendable
from channels_delivery.outbound.policy import Rules

from .clients import Post
from .servers import OK, Receiver

pytestmark = pytest.mark.once

GOOD = {
    "Authorization": "Bearer abc.def~_-+/=",
    "X-Api-Key": "k",
    "X-Tenant-1": "a  b ! \"#$%&'()*,:;<>?@[\\]^`{|}~",
    "X-Empty": "",
}


def test_good_fields_have_no_problem() -> None:
    assert check_headers(GOOD) == ()
    assert sendable(GOOD)


def test_good_fields_reach_the_wire_as_they_are(post: Post) -> None:
    with Receiver(OK) as receiver:
        post(receiver.address, rules=Rules.of(origins=[receiver.address]), headers=GOOD)

    lines = receiver.requests[0].split(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    for name, value in GOOD.items():
        assert f"{name}: {value}".encode() in lines


@pytest.mark.parametrize(
    "name",
    ["", "X Y", "X:Y", "X\r\nY", "X\n", "X_Y", "Ü", "X\0", " X", "X ", "(x)", "x" * 65, "X\u2028Y", "Ｘ"],
    ids=ascii,
)
def test_names_are_letters_digits_and_hyphens(name: str) -> None:
    assert [problem.fault for problem in check_headers({name: "v"})] == [Fault.NAME]
    assert not sendable({name: "v"})


@pytest.mark.parametrize(
    "value",
    ["a\r\nX-B: c", "a\n", "\na", "a\r", "a\0", "a\tb", " a", "a ", "ü", "a\x7f", "a\x85b", "a\u2028b", "嘊嘍X: y"],
    ids=ascii,
)  # fmt: skip
def test_values_are_printable_ascii(value: str) -> None:
    assert [problem.fault for problem in check_headers({"X-A": value})] == [Fault.VALUE]
    assert not sendable({"X-A": value})


@pytest.mark.parametrize(
    "name",
    ["Host", "HOST", "Content-Length", "content-type", "Content-Encoding", "Transfer-Encoding", "TE", "Trailer",
     "Connection", "Keep-Alive", "Upgrade", "Expect", "Cookie", "Set-Cookie", "Proxy-Authorization", "Proxy-Connection",
     "webhook-id", "Webhook-Signature", "webhook-timestamp", "Accept-Encoding", "X-Forwarded-For", "Forwarded", "Via",
     "Metadata-Flavor", "X-aws-ec2-metadata-token", "Metadata", "Sec-Fetch-Site", "HTTP2-Settings"],
)  # fmt: skip
def test_our_own_names_are_reserved(name: str) -> None:
    assert [problem.fault for problem in check_headers({name: "v"})] == [Fault.RESERVED]


@pytest.mark.parametrize("name", ["host", "Content-Length", "Transfer-Encoding", "CONNECTION", "expect"])
def test_what_frames_a_message_is_not_sent_even_for_ourselves(name: str) -> None:
    assert not sendable({name: "1"})


def test_a_name_counts_once_in_any_case_and_there_are_limits() -> None:
    assert [problem.fault for problem in check_headers({"X-A": "1", "x-a": "2"})] == [Fault.TWICE]
    assert [problem.fault for problem in check_headers({"X-A": "v" * 1025})] == [Fault.VALUE]
    assert [problem.fault for problem in check_headers({f"X-{n}": "v" for n in range(21)})] == [Fault.TOO_MANY]
