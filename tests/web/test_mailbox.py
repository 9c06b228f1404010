"""The mailbox page: what was sent is there as its reader finds it, for those it belongs to, and for nobody else."""

from email.message import EmailMessage

import pytest
from django.contrib.auth import get_user_model
from django.core.mail import EmailMultiAlternatives, get_connection
from django.test import Client
from pytest_django import Settings

from channels_delivery.models import Delivery, Lane, Message
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from notifyhub import mailbox
from notifyhub.mailbox import BOX
from notifyhub.ring import Ring
from workflows.define import Workflow
from workflows.models import Run
from workflows.trigger import trigger

from .pages import queries, visitor, words

EVIL = "<script>parent.document.title = 'evil'</script>"


def sent_for(tenant: Tenant, *, origin: Run | None = None) -> Delivery:
    """A delivery by mail, as the outbox leaves it."""
    now = db_now()
    message = Message.objects.create(tenant=tenant, kind="email", notice_key="hello", parts={}, created_at=now)
    lane, _ = Lane.objects.get_or_create(tenant=tenant, key="mail", urgency=1)
    return Delivery.objects.create(
        tenant=tenant,
        message=message,
        lane=lane,
        kind="email",
        address="bob@acme.example",
        origin=origin and origin.public_id,
        due_at=now,
        decided_at=now,
        created_at=now,
        state="delivered",
        attempt=1,
    )


def post(subject: str, *, of: Delivery | None = None, html: str = "<p>Hi</p>", **given: str) -> str:
    """Send a mail by Django; the address of its page."""
    headers = {"Message-ID": f"<{of.stable_id.hex}@hub.example>"} if of else {}
    backend = get_connection("notifyhub.mailbox.MailboxBackend")
    mail = EmailMultiAlternatives(
        subject,
        "Good morning, Bob",
        "Acme <us@acme.example>",
        ["bob@acme.example"],
        headers=headers,
        connection=backend,
    )
    mail.attach_alternative(html, "text/html")
    for name, content in given.items():
        mail.attach(f"{name}.txt", content, "text/plain")
    assert mail.send() == 1
    return f"/mailbox/{BOX.newest_first()[0].id}/"


def test_the_newest_mail_comes_first(alice: Recipient) -> None:
    for subject in ("First", "Second"):
        post(subject, of=sent_for(alice.tenant))

    text = words(visitor(alice).get("/mailbox/"))

    assert text.index("Second") < text.index("First")
    assert "To bob@acme.example" in text
    assert "Good morning, Bob" in text


def test_an_empty_mailbox_says_what_to_do(alice: Recipient) -> None:
    page = visitor(alice).get("/mailbox/")

    assert "No mail yet Trigger something in the playground" in words(page)
    assert 'href="/playground/"' in page.content.decode()


@pytest.mark.parametrize(
    ("part", "shown"),
    [("text", "Good morning, Bob"), ("headers", "us@acme.example"), ("source", "multipart/alternative")],
)
def test_a_mail_opens_in_all_its_parts(alice: Recipient, part: str, shown: str) -> None:
    address = post("Hello", of=sent_for(alice.tenant))

    assert shown in words(visitor(alice).get(f"{address}?part={part}"))


def test_a_mail_leads_to_the_run_it_came_from(alice: Recipient, hello: Workflow) -> None:
    answer = trigger("hello", tenant=alice.tenant, payload={"name": "x"})
    address = post("Hello", of=sent_for(alice.tenant, origin=Run.objects.get(tenant=alice.tenant)))

    page = visitor(alice).get(address)

    assert f'href="/runs/{answer.run}/"' in page.content.decode()
    assert "Because of Hello" in words(page)


def test_the_html_of_a_mail_is_framed_without_scripts(alice: Recipient) -> None:
    address = post("Hello", of=sent_for(alice.tenant), html=f"<p style='color:red'>Hi</p>{EVIL}")
    hers = visitor(alice)

    page, frame = hers.get(address), hers.get(f"{address}html/")

    assert EVIL not in page.content.decode()
    assert f'src="{address}html/" sandbox="allow-popups' in page.content.decode()
    policy = frame.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_an_attachment_is_listed_with_its_size_and_only_ever_saved(alice: Recipient) -> None:
    address = post("Hello", of=sent_for(alice.tenant), log="x" * 2048)
    hers = visitor(alice)

    text, file = words(hers.get(address)), hers.get(f"{address}attachments/0/")

    assert "log.txt text/plain · 2.0" in text
    assert file.content == b"x" * 2048
    assert file.headers["Content-Disposition"] == 'attachment; filename="log.txt"'
    assert file.headers["Content-Type"] == "application/octet-stream"
    assert hers.get(f"{address}attachments/1/").status_code == 404


def test_a_mail_that_is_built_wrongly_is_shown_all_the_same(alice: Recipient) -> None:
    raw = b"Subject: Odd\r\nContent-Type: text/plain; charset=klingon\r\n\r\nqapla\xff"
    delivery = sent_for(alice.tenant)
    mailbox.keep(f"Message-ID: <{delivery.stable_id}@x>\r\n".encode() + raw, to=["bob@acme.example"])

    assert "Odd" in words(visitor(alice).get("/mailbox/"))
    assert "qapla" in words(visitor(alice).get(f"/mailbox/{BOX.newest_first()[0].id}/"))


def test_a_stranger_sees_nothing_of_it(alice: Recipient, mallory: Recipient) -> None:
    address = post("Board minutes", of=sent_for(alice.tenant), log="secret")
    hers, before = visitor(mallory), visitor(mallory).get("/mailbox/state/").json()

    assert "Board minutes" not in words(hers.get("/mailbox/"))
    assert before == {"mails": 0, "newest": ""}
    for path in (address, f"{address}html/", f"{address}attachments/0/"):
        assert hers.get(path).status_code == 404


def test_clearing_leaves_the_mail_of_others(alice: Recipient, mallory: Recipient) -> None:
    address = post("Board minutes", of=sent_for(alice.tenant))
    post("Globex news", of=sent_for(mallory.tenant))

    text = words(visitor(mallory).post("/mailbox/clear/", follow=True))

    assert "1 mail is gone. " in text
    assert visitor(alice).get(address).status_code == 200
    assert len(BOX.newest_first()) == 1


def test_mail_of_no_tenant_is_for_who_runs_the_site(alice: Recipient) -> None:
    address = post("Reset your password")
    operator = Client()
    operator.force_login(get_user_model().objects.create_superuser("root"))

    assert visitor(alice).get(address).status_code == 404
    assert "Reset your password" in words(operator.get("/mailbox/"))
    assert operator.get(address).status_code == 200


PATHS = ["", "state/", "{id}/", "{id}/html/", "{id}/attachments/0/"]


@pytest.mark.parametrize("path", PATHS)
def test_it_is_for_owners_and_admins_outside_a_demo(
    alice: Recipient, bob: Recipient, settings: Settings, path: str
) -> None:
    post("Hello", of=sent_for(alice.tenant), log="x")
    address = f"/mailbox/{path}".format(id=BOX.newest_first()[0].id)

    outside = visitor(alice).get(address), visitor(bob).get(address)
    settings.NOTIFYHUB_DEMO = True
    in_a_demo = visitor(bob).get(address)

    assert [one.status_code for one in outside] == [200, 403]
    assert in_a_demo.status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_nobody_looks_at_it_without_signing_in(client: Client, alice: Recipient, path: str) -> None:
    post("Hello", of=sent_for(alice.tenant))

    answer = client.get(f"/mailbox/{path}".format(id=BOX.newest_first()[0].id))

    assert answer.headers["Location"].startswith("/sign-in/")


def test_clearing_takes_a_token_and_a_post(alice: Recipient) -> None:
    post("Hello", of=sent_for(alice.tenant))

    assert visitor(alice, enforce_csrf_checks=True).post("/mailbox/clear/").status_code == 403
    assert visitor(alice).get("/mailbox/clear/").status_code == 405
    assert len(BOX.newest_first()) == 1


@pytest.mark.parametrize("size", [1, 30])
def test_the_page_costs_the_same_for_few_and_many(alice: Recipient, size: int) -> None:
    for _ in range(size):
        post("Hello", of=sent_for(alice.tenant))
    hers = visitor(alice)
    hers.get("/mailbox/")

    assert len(queries(lambda: hers.get("/mailbox/"))) == 7


def test_a_ring_keeps_the_newest_within_its_bounds() -> None:
    ring = Ring[int](most=3, size=10)

    for one in range(5):
        ring.put(one, size=1)
    by_number = ring.newest_first()
    ring.put(5, size=9)
    by_size = ring.newest_first()
    ring.put(6, size=99)

    assert (by_number, by_size, ring.newest_first()) == ([4, 3, 2], [5, 4], [6])


def test_nothing_is_kept_of_a_mail_without_readers(alice: Recipient) -> None:
    backend = get_connection("notifyhub.mailbox.MailboxBackend")

    assert EmailMultiAlternatives("To nobody", connection=backend).send() == 0
    assert BOX.newest_first() == []


def test_blind_copies_are_shown_as_readers(alice: Recipient) -> None:
    plain = EmailMessage()
    plain["Message-ID"], plain["To"] = f"<{sent_for(alice.tenant).stable_id.hex}@x>", "a@acme.example"
    mailbox.keep(plain.as_bytes(), to=["a@acme.example", "hidden@acme.example"])

    assert "To a@acme.example, hidden@acme.example" in words(visitor(alice).get("/mailbox/"))
