"""Whom we talk to, and what we tell them: TLS, sign-in, and servers that are out of reach for tenants."""

from collections.abc import Callable, Iterator

import pytest

from channels_delivery.outbound.policy import Refused, allowed, check_url
from channels_delivery.outbound.site import mail_rules, rules
from channels_delivery.outcome import Accepted, Outcome, Permanent, Temporary
from tests.channels_delivery.mail_server import MailServer
from tests.channels_delivery.outbound.certificates import Authority
from tests.channels_delivery.outbound.servers import Canary

from .letters import outlet, parcel, send, send_one

pytestmark = pytest.mark.once
Allow = Callable[..., MailServer]
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def secured(authority: Authority, open_to: Allow) -> Iterator[MailServer]:
    """A server with STARTTLS, whose certificate our authority signed, for those who sign in."""
    with MailServer(tls=authority.server("localhost"), users={"acme": PASSWORD}) as server:
        yield trusted(server, authority, open_to)


def trusted(server: MailServer, authority: Authority, open_to: Allow) -> MailServer:
    origin = server.origin.replace("127.0.0.1", "localhost")
    return open_to(server, ALLOW_ORIGINS=[origin], CA_FILE=str(authority.file))


def test_a_letter_goes_by_tls_after_a_sign_in(secured: MailServer) -> None:
    way = outlet(secured, host="localhost", security="starttls", user="acme", password=PASSWORD)

    assert isinstance(send_one(way), Accepted)

    assert (secured.got[0].tls, secured.got[0].user) == (True, "acme")


def test_tls_from_the_first_byte(authority: Authority, open_to: Allow) -> None:
    with MailServer(tls=authority.server("localhost"), implicit=True, users={"acme": PASSWORD}) as server:
        trusted(server, authority, open_to)
        way = outlet(server, host="localhost", security="tls", user="acme", password=PASSWORD)

        assert isinstance(send_one(way), Accepted)
        assert server.got[0].user == "acme"


def test_a_wrong_password_turns_the_channel_off_and_is_told_to_nobody(secured: MailServer) -> None:
    secured.says("auth", "535 5.7.8 you said wrong-one")
    way = outlet(secured, host="localhost", security="starttls", user="acme", password="wrong-one")

    outcome = send_one(way)

    assert isinstance(outcome, Permanent)
    assert (outcome.code, outcome.disable) == ("auth", True)
    assert "wrong-one" not in f"{outcome} {way}"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("kept", [{"expired": True}, {"own": False}, {}])
def test_a_certificate_that_proves_nothing_gets_no_letter(
    authority: Authority, open_to: Allow, kept: dict[str, bool], host: str
) -> None:
    with MailServer(tls=authority.server("localhost" if kept else "mail.acme.example", **kept)) as server:
        open_to(server, ALLOW_ORIGINS=[f"smtp://{host}:{server.port}"], CA_FILE=str(authority.file))

        outcome = send_one(outlet(server, host=host, security="starttls"))

        assert outcome == Permanent("config", "The certificate of the address is not valid.", disable=True)
        assert server.commands["mail"] == 0


def test_no_letter_and_no_password_goes_without_tls_where_it_was_asked_for(server: MailServer) -> None:
    without = send_one(outlet(server, security="starttls", user="acme", password=PASSWORD))
    plain = send_one(outlet(server, security="none", user="acme", password=PASSWORD))

    assert without == Permanent("config", "The server offers no TLS on this port.", disable=True)
    assert plain == Permanent("config", "A password is sent over TLS only.", disable=True)
    assert (server.commands["mail"], server.connections) == (0, 1)


def test_what_was_said_before_tls_is_not_believed_after_it(open_to: Allow, authority: Authority) -> None:
    with MailServer(tls=authority.server("localhost")) as server:
        trusted(server, authority, open_to)
        server.says("starttls", "220 go\r\n250-mail.test\r\n250 AUTH PLAIN")

        outcome = send_one(outlet(server, host="localhost", security="starttls"))

        assert isinstance(outcome, Temporary)
        assert server.got == []


HOSTS = [
    "127.0.0.1", "localhost", "::1", "::ffff:127.0.0.1", "0.0.0.0", "127.1", "2130706433", "0x7f.1",  # noqa: S104
    "0177.0.0.1", "localhost.", "127.0.0.1.", "[::1]", "foo.localhost", "169.254.169.254", "metadata.google.internal",
    "①27.0.0.1", "mailhost", "mail.internal", "10.0.0.1", "fe80::1", "::", "64:ff9b::7f00:1",
]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_this_machine_and_its_neighbours_take_no_mail_of_tenants(host: str, open_to: Allow) -> None:
    canary = Canary()
    try:
        server = MailServer()
        server.port = canary.port
        open_to(server, ALLOW_ORIGINS=[], ALLOW_PORTS=[canary.port])

        outcome = send_one(outlet(server, host=host), deadline=2.0)

        assert outcome.detail == "The address could not be reached."
        assert canary.visitors() == 0
    finally:
        canary.close()


def test_a_port_that_is_not_one_of_mail_is_not_dialled(open_to: Allow) -> None:
    canary = Canary()
    server = MailServer()
    server.port = canary.port
    open_to(server, ALLOW_ORIGINS=[f"http://127.0.0.1:{canary.port}"])

    assert send_one(outlet(server)) == Permanent("config", "The address could not be reached.", disable=True)
    assert canary.visitors() == 0
    canary.close()


def test_a_mail_server_of_this_machine_is_no_place_for_webhooks(server: MailServer) -> None:
    assert isinstance(check_url(f"http://127.0.0.1:{server.port}/", rules()), Refused)
    assert isinstance(check_url(f"https://127.0.0.1:{server.port}/", rules()), Refused)
    assert not allowed("127.0.0.1", server.port, None, rules=rules())
    assert allowed("127.0.0.1", server.port, None, rules=mail_rules())


@pytest.mark.parametrize("given", [{"from": "hub@site.example"}, {}])
def test_a_tenant_without_a_server_borrows_no_other_name(
    server: MailServer, by_site: Callable[..., object], given: dict[str, str]
) -> None:
    by_site(server)
    way = outlet(server, **{"from": "ceo@bank.example", "from_name": "Acme", "reply_to": "help@acme.example"})
    settings = {key: value for key, value in way.settings.items() if key not in {"host", "port", "security"}}

    outcomes: list[Outcome] = send(parcel(), by=type(way)(7, settings, {}))

    assert isinstance(outcomes[0], Accepted)
    message = server.got[0].message
    assert (message["From"], message["Reply-To"]) == ("Acme <hub@site.example>", "help@acme.example")
    assert server.got[0].mail_from == "hub@site.example"
