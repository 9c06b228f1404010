"""The site's own way: Django's SMTP settings by our own conversation, and any other `EMAIL_BACKEND` by Django's API."""

import smtplib
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from channels_delivery.backend import Outlet
from channels_delivery.mail.site import AT_ONCE
from channels_delivery.outcome import Accepted, Outcome, Permanent, Temporary
from tests.channels_delivery.mail_server import MailServer

from .letters import parcel, send, send_one

pytestmark = pytest.mark.once
SITE = Outlet(None, {}, {})


class Elsewhere(BaseEmailBackend):
    """A backend of another package. It does what the test says."""

    opened = 0
    sent: list[EmailMessage] = []
    does: Callable[[], int | None] = staticmethod(lambda: 1)

    def open(self) -> bool:
        if not getattr(self, "is_open", False):
            self.is_open = True
            type(self).opened += 1
        return True

    def send_messages(self, messages: Any) -> int | None:  # type: ignore[override]
        self.sent.extend(messages)
        return type(self).does()


@pytest.fixture
def elsewhere(settings: Any) -> type[Elsewhere]:
    settings.EMAIL_BACKEND = f"{__name__}.Elsewhere"
    settings.EMAIL_HOST_PASSWORD = "site-secret"
    Elsewhere.opened, Elsewhere.sent, Elsewhere.does = 0, [], staticmethod(lambda: 1)
    return Elsewhere


def test_djangos_smtp_settings_keep_their_connection(
    server: MailServer, by_site: Callable[..., Outlet], settings: Any
) -> None:
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {}}  # what the operator named is not a tenant's
    way = by_site(server)
    server.says("rcpt", "550 5.1.1 nobody", about="no@acme.example")

    outcomes = send(parcel("a@acme.example"), parcel("no@acme.example"), parcel("b@acme.example"), by=way)

    assert [type(one) for one in outcomes] == [Accepted, Permanent, Accepted]
    assert (server.connections, server.recipients) == (1, ["a@acme.example", "b@acme.example"])
    assert server.got[0].message["From"] == "Hub <hub@site.example>"


def test_a_fault_of_the_sites_set_up_turns_nothing_off(by_site: Callable[..., Outlet], server: MailServer) -> None:
    way = by_site(server)
    server.says("mail", "530 5.7.0 sign in")
    server.says("rcpt", "550 5.7.1 relaying denied")

    signed_out, refused = send(parcel(), parcel(), by=way)

    assert signed_out == Temporary("auth", "530 5.7.0 sign in")
    assert refused == Permanent("provider", "550 5.7.1 relaying denied")
    no_tls = send_one(by_site(server, EMAIL_USE_TLS=True))
    assert no_tls == Temporary("config", "The server offers no TLS on this port.")


def test_another_backend_gets_the_same_letter(settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL = "hub@site.example"
    one = parcel("zoë@grüße.example", slots={"unsubscribe": "https://hub.example.com/u"})

    assert isinstance(send(one, by=SITE)[0], Accepted)

    [got] = mail.outbox
    assert (got.subject, got.to, got.from_email) == ("Shipped", ["zoë@xn--gre-6ka8l.example"], "hub@site.example")
    assert got.extra_headers["Message-ID"] == f"<{one.stable_id.hex}@site.example>"
    assert got.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [kind for _, kind in got.alternatives] == ["text/html"]  # type: ignore[attr-defined]


def test_its_connections_are_kept(elsewhere: type[Elsewhere]) -> None:
    send(*(parcel() for _ in range(20)), by=SITE)

    assert (elsewhere.opened, len(elsewhere.sent)) == (1, 20)


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (ConnectionRefusedError("no"), Temporary("network", "ConnectionRefusedError: no")),
        (TimeoutError("late"), Temporary("timeout", "TimeoutError: late")),
        (RuntimeError("key site-secret"), Temporary("provider", "RuntimeError: key ***")),
        (
            smtplib.SMTPRecipientsRefused({"b@acme.example": (550, b"5.1.1 nobody")}),
            Permanent("address", "550 5.1.1 nobody", suppress=True),
        ),
        (smtplib.SMTPDataError(451, b"4.3.0 later"), Temporary("provider", "451 4.3.0 later")),
        (smtplib.SMTPSenderRefused(550, b"5.7.1 no", "x"), Temporary("config", "550 5.7.1 no")),
        (
            smtplib.SMTPAuthenticationError(535, b"5.7.8 no"),
            Temporary("auth", "SMTPAuthenticationError: (535, b'5.7.8 no')"),
        ),
    ],
)
def test_its_failures_have_outcomes(elsewhere: type[Elsewhere], raised: Exception, expected: Outcome) -> None:
    def fail() -> int:
        raise raised

    elsewhere.does = staticmethod(fail)

    assert send_one(SITE) == expected


@pytest.mark.parametrize(("count", "kind"), [(1, Accepted), (None, Accepted), (0, Temporary)])
def test_what_it_counts_is_believed(elsewhere: type[Elsewhere], count: int | None, kind: type[Outcome]) -> None:
    elsewhere.does = staticmethod(lambda: count)

    assert isinstance(send_one(SITE), kind)


def test_one_that_hangs_costs_the_deadline_and_its_connection(elsewhere: type[Elsewhere]) -> None:
    let_go = threading.Event()
    elsewhere.does = staticmethod(lambda: let_go.wait(10) and 1)

    outcomes = send(*(parcel() for _ in range(AT_ONCE + 1)), by=SITE, deadline=0.05)
    let_go.set()

    assert {type(one) for one in outcomes} == {Temporary}
    assert {one.code for one in outcomes if isinstance(one, Temporary)} == {"timeout"}
    assert len(elsewhere.sent) == elsewhere.opened == AT_ONCE
