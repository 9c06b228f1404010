"""One letter by SMTP: what a real server sees of it, and what its answers do."""

import asyncio
import socket
from collections.abc import Callable

import pytest

from channels_delivery.outcome import Accepted, Outcome, Permanent, Temporary
from tests.channels_delivery.mail_server import DROP, HANG, MailServer
from tests.channels_delivery.outbound.servers import Receiver

from .letters import outlet, parcel, send, send_one, with_backend

pytestmark = pytest.mark.once
Allow = Callable[..., MailServer]
LINK = "https://hub.example.com/u/abc"


def test_a_letter_arrives_with_exactly_these_headers(server: MailServer) -> None:
    one = parcel("zoe@acme.example", parts={"subject": "Größe", "text": "hé", "html": "<p>hé</p>"})
    way = outlet(server, from_name='Acme "Ship" Dept', reply_to="help@acme.example")

    assert isinstance(send(one, by=way)[0], Accepted)

    [got] = server.got
    message = got.message
    assert (got.mail_from, got.rcpt_tos) == ("news@acme.example", ["zoe@acme.example"])
    assert message.keys() == [
        "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Auto-Submitted", "Content-Type",
    ]  # fmt: skip
    assert message["From"] == '"Acme \\"Ship\\" Dept" <news@acme.example>'
    assert (message["Subject"], message["Reply-To"]) == ("Größe", "help@acme.example")
    assert message["Message-ID"] == f"<{one.stable_id.hex}@acme.example>"
    assert [part.get_content().strip() for part in message.iter_parts()] == ["hé", "<p>hé</p>"]


def test_a_person_can_unsubscribe_by_one_click(server: MailServer) -> None:
    html = "<p>Hello</p><!--notifyhub:footer-->"
    slots = {"unsubscribe": LINK, "preferences": "https://hub.example.com/p/abc", "other": "x"}
    send_one(outlet(server), parts={"subject": "s", "text": "Hello", "html": html}, slots=slots)

    message = server.got[0].message
    assert message["List-Unsubscribe"] == f"<{LINK}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, shown = (part.get_content() for part in message.iter_parts())
    assert f"Unsubscribe: {LINK}" in text
    assert f'<a href="{LINK}"' in shown
    assert "<!--" not in shown


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://e.example/>\r\nBcc: x@y.example", 'https://e/"><b>', 7]
)
def test_what_is_no_address_of_the_web_is_no_link(server: MailServer, url: object) -> None:
    send_one(outlet(server), slots={"unsubscribe": url})

    assert "List-Unsubscribe" not in server.got[0].message
    assert "nsubscribe" not in server.got[0].data.decode()


def test_a_mailbox_stands_beside_the_link(server: MailServer) -> None:
    by_mail = "mailto:leave@hub.example.com?subject=abc"
    send_one(outlet(server), slots={"unsubscribe": LINK, "unsubscribe_mail": by_mail})
    send_one(outlet(server), slots={"unsubscribe": LINK, "unsubscribe_mail": "mailto:a@b.example>,<https://e.example"})

    assert [got.message["List-Unsubscribe"] for got in server.got] == [f"<{LINK}>, <{by_mail}>", f"<{LINK}>"]


def test_without_tls_a_link_is_no_one_click(server: MailServer) -> None:
    send_one(outlet(server), slots={"unsubscribe": "http://127.0.0.1:8000/u/abc"})

    assert server.got[0].message["List-Unsubscribe"] == "<http://127.0.0.1:8000/u/abc>"
    assert "List-Unsubscribe-Post" not in server.got[0].message


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(
    ("stage", "answer", "expected"),
    [
        ("rcpt", "450 4.2.1 busy", Temporary("address", "450 4.2.1 busy")),
        ("rcpt", "452 4.5.3 too many", Temporary("provider", "452 4.5.3 too many")),
        ("rcpt", "550 5.1.1 nobody", Permanent("address", "550 5.1.1 nobody", suppress=True)),
        ("rcpt", "552 5.2.2 full", Permanent("address", "552 5.2.2 full")),
        ("rcpt", "550 5.7.1 policy", Permanent("provider", "550 5.7.1 policy")),
        ("rcpt", "530 5.7.0 sign in", Permanent("auth", "530 5.7.0 sign in", disable=True)),
        ("mail", "550 5.7.1 not you", Permanent("config", "550 5.7.1 not you")),
        ("mail", "421 4.3.0 leaving", Temporary("provider", "421 4.3.0 leaving")),
        ("data", "451 4.3.0 later", Temporary("provider", "451 4.3.0 later")),
        ("content", "552 5.3.4 large", Permanent("content", "552 5.3.4 large")),
        ("content", "554 5.6.0 strange", Permanent("content", "554 5.6.0 strange")),
        ("content", "451 4.3.0 later", Temporary("provider", "451 4.3.0 later")),
        ("connect", "421 4.3.2 down", Temporary("provider", "421 4.3.2 down")),
        ("connect", "554 5.7.1 go away", Permanent("config", "554 5.7.1 go away")),
        ("ehlo", "421 4.7.0 slower", Temporary("provider", "421 4.7.0 slower")),
    ],
)
def test_each_answer_has_its_outcome_and_hurts_no_other(
    open_to: Allow, stage: str, answer: str, expected: Outcome, pipelining: bool
) -> None:
    with MailServer(pipelining=pipelining) as server:
        open_to(server)
        server.says(stage, answer)

        refused, other = send(parcel("a@acme.example"), parcel("b@acme.example"), by=outlet(server))

        assert refused == expected
        assert isinstance(other, Accepted)
        assert server.recipients == ["b@acme.example"]


@pytest.mark.parametrize("kept", [0, 1])
def test_a_connection_lost_after_the_dot_is_tried_again_under_the_same_id(server: MailServer, kept: int) -> None:
    """And not at once: nobody knows whether the letter was taken."""
    server.says("content", *["250 2.0.0 taken"] * kept, DROP)
    one = parcel()

    *_, lost, again = send(*[parcel()] * kept, one, one, by=outlet(server))

    assert isinstance(lost, Temporary)
    assert lost.code == "network"
    assert isinstance(again, Accepted)
    assert server.commands["content"] == kept + 2
    assert server.ids[-1] == f"<{one.stable_id.hex}@acme.example>"


@pytest.mark.parametrize("stage", ["connect", "ehlo", "mail", "rcpt", "data", "content"])
def test_a_server_that_hangs_costs_the_deadline_and_no_more(server: MailServer, stage: str) -> None:
    server.says(stage, HANG)

    late, next_one = send(parcel(), parcel(), by=outlet(server), deadline=0.3)

    assert isinstance(late, Temporary)
    assert late.code == "timeout"
    assert isinstance(next_one, Accepted)


@pytest.mark.parametrize("stage", ["connect", "ehlo", "mail", "rcpt", "data"])
def test_a_connection_that_ends_early_is_a_matter_of_the_network(server: MailServer, stage: str) -> None:
    server.says(stage, DROP)

    outcome = send_one(outlet(server))

    assert isinstance(outcome, Temporary)
    assert outcome.code == "network"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "provider"),
        (b"220-hi\r\n" * 2_000, "provider"),
        (b"220-a\r\n250 b\r\n", "provider"),
        (b"\x00\xff\r\n", "provider"),
        (b"220 " + b"x" * 100_000, "network"),
        (b"220", "network"),
    ],
)
def test_what_is_no_smtp_is_not_understood(open_to: Allow, said: bytes, code: str) -> None:
    with Receiver(lambda exchange: exchange.send(said), read=False) as receiver:
        server = MailServer()
        server.port = receiver.port
        open_to(server)

        outcome = send_one(outlet(server))

        assert isinstance(outcome, Temporary)
        assert outcome.code == code


@pytest.mark.parametrize("text", [".", "..", ".hidden", "a\n.b\n..c\n.\nd", ".\n.\n.", "\n.a"])
def test_lines_that_begin_with_a_dot_keep_it(server: MailServer, text: str) -> None:
    send_one(outlet(server), parts={"subject": "s", "text": text, "html": text})

    shown = [part.get_content().replace("\r\n", "\n") for part in server.got[0].message.iter_parts()]
    assert [one.rstrip("\n") for one in shown] == [text, text]


def test_nobody_listens(open_to: Allow) -> None:
    server = MailServer()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        server.port = closed.getsockname()[1]
    open_to(server)

    outcome = send_one(outlet(server))

    assert outcome == Temporary("network", "The address could not be reached.")


def test_addresses_beyond_ascii(server: MailServer, open_to: Allow) -> None:
    domain, local = send(parcel("bob@grüße.example"), parcel("zoë@acme.example"), by=outlet(server))

    assert isinstance(domain, Accepted)
    assert isinstance(local, Accepted)
    assert server.recipients == ["bob@xn--gre-6ka8l.example", "zoë@acme.example"]
    assert server.got[1].message["To"] == "zoë@acme.example"
    with MailServer(utf8=False) as older:
        open_to(older)
        refused, ascii_one = send(parcel("zoë@acme.example"), parcel("bob@grüße.example"), by=outlet(older))

        assert isinstance(refused, Permanent)
        assert refused.code == "address"
        assert isinstance(ascii_one, Accepted)


def test_a_letter_too_large_for_the_server_is_not_begun(open_to: Allow) -> None:
    with MailServer(size=1_000) as server:
        open_to(server)

        outcome = send_one(outlet(server), parts={"subject": "s", "text": "x" * 2_000, "html": ""})

        assert isinstance(outcome, Permanent)
        assert outcome.code == "content"
        assert server.commands["mail"] == 0


def test_a_server_of_another_age_is_greeted_as_it_likes(server: MailServer) -> None:
    server.says("ehlo", "502 5.5.1 what")

    assert isinstance(send_one(outlet(server)), Accepted)


def test_cancelled_in_the_middle_leaves_nothing_behind(server: MailServer) -> None:
    server.says("content", HANG)

    async def run(backend: object) -> Outcome:
        way = outlet(server)
        task = asyncio.ensure_future(backend.send(parcel(), way, deadline=5.0))  # type: ignore[attr-defined]
        while server.commands["content"] == 0:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await backend.send(parcel("next@acme.example"), way, deadline=5.0)  # type: ignore[attr-defined,no-any-return]

    assert isinstance(with_backend(run), Accepted)
    assert (server.recipients, server.connections) == (["next@acme.example"], 2)
