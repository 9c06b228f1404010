"""The admin of channels, deliveries and lanes: forms for each kind, buttons, and only what is one's own."""

import html
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from channels_delivery import channels
from channels_delivery.courier import drain
from channels_delivery.models import Channel, Delivery, Lane, Message
from channels_delivery.outcome import Permanent
from channels_delivery.testing import Scripted
from notifications.kernel.clock import db_now
from notifications.models import Category, NoticeType, Recipient, Tenant
from tests.channels_delivery.moves import deliveries, let_time_come, put
from tests.channels_delivery.webhooks import NEW, OLD

pytestmark = pytest.mark.django_db
VERBS = ("view", "add", "change", "delete")
URL = "https://hooks.example.com/orders"


def staff(person: Recipient, *verbs: str) -> Client:
    user = person.user
    assert isinstance(user, User)
    user.is_staff = True
    user.save()
    names = [f"{verb}_{model}" for verb in verbs or VERBS for model in ("channel", "delivery", "lane")]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(user)
    return client


def page(model: str, view: str, *args: Any) -> str:
    return reverse(f"admin:notifyhub_channels_delivery_{model}_{view}", args=args)


def told(answer: Any) -> str:
    return " ".join(str(one) for one in get_messages(answer.wsgi_request))


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, answer.content
    return html.unescape(answer.content.decode())


def form(tenant: Tenant, **given: Any) -> dict[str, Any]:
    return {"tenant": tenant.pk, "name": "Orders", "setting_url": URL, "setting_headers": "", **given}


def hook(tenant: Tenant, name: str = "Orders", url: str = URL) -> Channel:
    setup = channels.Setup("webhook", name, {"url": url}, {"signing": [OLD]})
    return channels.create(tenant, setup).channel


@pytest.fixture
def alices(alice: Recipient) -> Client:
    return staff(alice)


@pytest.fixture
def add() -> str:
    return f"{page('channel', 'add')}?kind=webhook"


# -- forms ---------------------------------------------------------------------------------------------------------


def test_first_the_kind_is_chosen_then_its_form_is_shown(alices: Client, add: str) -> None:
    category = Category.objects.create(key="offers", name="Offers")
    NoticeType.objects.create(key="offer.pending", name="Offer waiting", category=category)

    kinds, shown = text(alices, page("channel", "add")), text(alices, add)

    assert "?kind=webhook" in kinds
    for words in ("Address", "Header fields", 'type="password"', "Offers", "Offer waiting"):
        assert words in shown


def test_a_kind_of_notice_that_a_tenant_overrides_is_offered_once(alices: Client, acme: Tenant, add: str) -> None:
    NoticeType.objects.create(key="offer.pending", name="For all")
    NoticeType.objects.create(key="offer.pending", name="Acme's own", tenant=acme)

    shown = text(alices, add)

    assert shown.count('value="offer.pending"') == 1
    assert "Acme's own" in shown


def test_a_channel_is_added_and_its_secret_shown_once(alices: Client, acme: Tenant, add: str) -> None:
    NoticeType.objects.create(key="order.shipped", name="Shipped")
    headers = "X-Team: support\nX-Time: 10:30"

    answer = alices.post(add, form(acme, setting_headers=headers, workflows=["order.shipped"]))

    channel = Channel.objects.get(tenant=acme)
    assert channel.settings == {"url": URL, "headers": {"X-Team": "support", "X-Time": "10:30"}}
    assert (channel.kind, channel.workflows) == ("webhook", ["order.shipped"])
    [secret] = channel.secrets["signing"]
    assert secret in told(answer)
    assert secret not in text(alices, page("channel", "change", channel.pk)).partition('class="nh-panel"')[2]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"setting_url": "http://hooks.example.com/"}, "Must start with https://."),
        ({"setting_url": ""}, "Is missing"),
        ({"setting_headers": "Host: x"}, "Host: This field is written by us"),
        ({"setting_headers": "no colon"}, "has no colon"),
        ({"secret_signing": "canary"}, "24 to 64"),
        ({"name": ""}, "required"),
        ({"name": "Taken"}, "choose another"),
        ({"workflows": ["no.such"]}, "no.such is not one of the available choices"),
    ],
)
def test_what_is_wrong_stands_beside_the_field(
    alices: Client, acme: Tenant, add: str, change: dict[str, Any], words: str
) -> None:
    hook(acme, "Taken")

    answer = alices.post(add, form(acme, **change))

    assert answer.status_code == 200
    assert words in html.unescape(answer.content.decode())
    assert "canary" not in answer.content.decode()
    assert Channel.objects.filter(tenant=acme).count() == 1


def test_the_form_of_a_mail_channel_takes_a_list_a_line(alices: Client, acme: Tenant) -> None:
    url = f"{page('channel', 'add')}?kind=email"
    mail = {"tenant": acme.pk, "name": "Team", "setting_reply_to": "", "secret_password": ""}

    wrong = alices.post(url, {**mail, "setting_to": "a@acme.example\nnobody"}).content.decode()
    alices.post(url, {**mail, "setting_to": "a@acme.example\nb@acme.example\n"})

    assert "Line 2:" in wrong
    channel = Channel.objects.get(tenant=acme)
    assert (channel.settings, channel.secrets) == ({"to": ["a@acme.example", "b@acme.example"]}, {})


def test_an_empty_secret_keeps_what_is_there_and_another_takes_its_place(alices: Client, acme: Tenant) -> None:
    channel = hook(acme)
    url = page("channel", "change", channel.pk)

    shown = text(alices, url)
    alices.post(url, form(acme, name="Renamed", secret_signing=""))
    kept = Channel.objects.get(tenant=acme)
    alices.post(url, form(acme, secret_signing=NEW))

    assert OLD not in shown
    assert (kept.name, kept.secrets) == ("Renamed", {"signing": [OLD]})
    assert Channel.objects.get(tenant=acme).secrets == {"signing": [NEW]}


def test_deleting_asks_first_and_takes_back_what_waits(alices: Client, acme: Tenant) -> None:
    channel = hook(acme)
    put(acme, "a", kind="webhook", channel=channel.pk)
    url = page("channel", "delete", channel.pk)

    assert "Are you sure" in text(alices, url)
    answer = alices.post(url, {"post": "yes"})

    assert "taken back: 1" in told(answer)
    assert deliveries().get().state == "cancelled"
    assert not Channel.objects.filter(tenant=acme).exists()


# -- how it is, and the buttons ------------------------------------------------------------------------------------


def test_the_state_of_a_channel_is_said_in_words(alices: Client, acme: Tenant) -> None:
    channel = hook(acme)
    url, lists = page("channel", "change", channel.pk), page("channel", "changelist")
    assert "not used yet" in text(alices, lists)

    Lane.objects.create(tenant=acme, key=f"webhook:{channel.pk}", breaker="open", open_at=db_now())
    assert "halted" in text(alices, lists)
    assert "The next is tried at" in text(alices, url)

    Channel.objects.filter(tenant=acme).update(paused_at=db_now(), paused_because="gone")
    assert "gone for good" in text(alices, url)


def press(client: Client, channel: Channel, verb: str) -> Any:
    return client.post(page("channel", verb, channel.pk))


def test_a_test_leads_to_a_page_that_shows_the_answer(alices: Client, acme: Tenant, scripted: Scripted) -> None:
    channel = Channel.objects.create(tenant=acme, kind="scripted", name="Team", settings={"to": ["team"]})
    scripted.says["team"] = [Permanent("auth", "535 wrong password")]

    answer = press(alices, channel, "test")
    waiting = text(alices, answer.url)
    let_time_come()
    drain()
    ended = text(alices, answer.url)

    assert "data-follow" in waiting
    assert "535 wrong password" in ended
    assert "data-follow" not in ended


def test_pausing_resuming_and_rotating(alices: Client, acme: Tenant) -> None:
    channel = hook(acme)

    press(alices, channel, "pause")
    assert Channel.objects.get(tenant=acme).paused_at is not None
    assert "paused: resume it first" in told(press(alices, channel, "test"))
    press(alices, channel, "resume")
    assert Channel.objects.get(tenant=acme).paused_at is None
    answer = press(alices, channel, "rotate")
    [fresh, old] = Channel.objects.get(tenant=acme).secrets["signing"]
    assert (fresh in told(answer), old) == (True, OLD)


@pytest.mark.parametrize("verb", ["test", "pause", "resume", "rotate"])
def test_a_button_takes_the_permission_to_change_and_a_post(alice: Recipient, acme: Tenant, verb: str) -> None:
    channel = hook(acme)

    assert press(staff(alice, "view"), channel, verb).status_code == 403
    assert staff(alice).get(page("channel", verb, channel.pk)).status_code == 404
    assert (deliveries().count(), Channel.objects.get(tenant=acme).paused_at) == (0, None)


# -- deliveries ----------------------------------------------------------------------------------------------------


def dead(tenant: Tenant, *addresses: str, **given: Any) -> list[Delivery]:
    made = put(tenant, *addresses, kind="webhook", **given)
    deliveries().filter(pk__in=[one.pk for one in made]).update(state="dead", finished_at=db_now(), code="provider")
    return made


def test_a_delivery_is_found_by_every_name_it_has(alices: Client, acme: Tenant) -> None:
    one, other = dead(acme, "https://a.example.com/", "https://b.example.com/")
    lists = page("delivery", "changelist")

    for term in (str(one.public_id), str(one.stable_id), f"msg_{one.stable_id.hex}", "https://a.ex"):
        found = text(alices, f"{lists}?q={term}")
        assert page("delivery", "change", one.pk) in found, term
        assert page("delivery", "change", other.pk) not in found
    assert page("delivery", "change", one.pk) in text(alices, f"{lists}?state__exact=dead&kind=webhook")


def test_a_list_hides_what_makes_an_address_a_credential(alices: Client, acme: Tenant) -> None:
    dead(acme, "https://hooks.example.com/T0/canarycanarycanary?token=canary")

    assert "canarycanary" not in text(alices, page("delivery", "changelist"))


def test_a_dead_delivery_is_sent_once_more_from_its_page(alices: Client, acme: Tenant) -> None:
    [one] = dead(acme, "a")
    url = page("delivery", "change", one.pk)
    assert "Send it once more" in text(alices, url)

    answer = alices.post(url, {"replay": "1"})

    fresh = deliveries().get(replay_of=one.pk)
    assert answer.url == page("delivery", "change", fresh.pk)
    assert "Send it once more" not in text(alices, url)
    alices.post(answer.url, {"cancel": "1"})
    assert deliveries().get(pk=fresh.pk).state == "cancelled"


@pytest.mark.parametrize(("verbs", "count"), [(["view"], 0), (["view", "change"], 2)])
def test_many_are_sent_once_more_by_who_may_change_deliveries(
    alice: Recipient, acme: Tenant, globex: Tenant, verbs: list[str], count: int
) -> None:
    rows = [*dead(acme, "a", "b"), *put(acme, "c", kind="webhook"), *dead(globex, "d")]
    chosen = {"action": "replay_chosen", "_selected_action": [one.pk for one in rows]}

    staff(alice, *verbs).post(page("delivery", "changelist"), chosen)

    assert deliveries().filter(replay_of__isnull=False).count() == count


def test_many_are_taken_back(alices: Client, acme: Tenant, globex: Tenant) -> None:
    rows = [*put(acme, "a", kind="webhook"), *dead(acme, "b"), *put(globex, "c", kind="webhook")]
    chosen = {"action": "cancel_chosen", "_selected_action": [one.pk for one in rows]}

    alices.post(page("delivery", "changelist"), chosen)

    assert [one.state for one in deliveries()] == ["cancelled", "dead", "pending"]


def test_a_mail_is_shown_in_a_frame_that_runs_and_fetches_nothing(alices: Client, acme: Tenant) -> None:
    [one] = dead(acme, "a", parts={"subject": "Hello", "html": "<h1>Hello</h1><script>alert(1)</script>"})

    shown, framed = text(alices, page("delivery", "change", one.pk)), alices.get(page("delivery", "preview", one.pk))

    assert "<script>alert" not in shown
    assert "sandbox" in shown.partition("<iframe")[2].partition(">")[0]
    policy = framed.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox;")
    assert "default-src 'none'" in policy
    assert framed.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_words_of_a_message_are_text(alices: Client, acme: Tenant) -> None:
    [one] = dead(acme, "a", parts={"text": "<b>canary</b>"})

    page_of_it = alices.get(page("delivery", "change", one.pk)).content.decode()

    assert "&lt;b&gt;canary" in page_of_it
    assert "<b>canary" not in page_of_it


def test_nobody_edits_a_delivery(admin_client: Client, acme: Tenant) -> None:
    [one] = dead(acme, "a")

    assert admin_client.get(page("delivery", "add")).status_code == 403
    assert admin_client.post(page("delivery", "delete", one.pk), {"post": "yes"}).status_code == 403
    assert deliveries().count() == 1


# -- lanes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("verbs", "state"), [(["view"], "open"), (["view", "change"], "closed")])
def test_closing_a_breaker_takes_the_permission_to_change(
    alice: Recipient, acme: Tenant, verbs: list[str], state: str
) -> None:
    lane = Lane.objects.create(tenant=acme, key="out", breaker="open", open_at=db_now(), failures=5, probe_after=240)

    staff(alice, *verbs).post(page("lane", "changelist"), {"action": "close_breaker", "_selected_action": [lane.pk]})

    lane.refresh_from_db()
    assert (lane.breaker, lane.open_at is None) == (state, state == "closed")


def test_a_lane_is_named_by_its_channel(alices: Client, acme: Tenant) -> None:
    channel = hook(acme, "Helpdesk")
    Lane.objects.create(tenant=acme, key=f"webhook:{channel.pk}")

    assert "Helpdesk" in text(alices, page("lane", "changelist"))


# -- strangers -----------------------------------------------------------------------------------------------------


@pytest.fixture
def theirs(globex: Tenant) -> Channel:
    channel = hook(globex, "Canary hook", "https://canary.example.com/")
    dead(globex, "https://canary.example.com/", channel=channel.pk, parts={"html": "canary"})
    Lane.objects.create(tenant=globex, key="canary")
    return channel


@pytest.mark.parametrize("model", ["channel", "delivery", "lane"])
def test_no_list_names_what_is_another_tenants(alices: Client, theirs: Channel, model: str) -> None:
    shown = text(alices, page(model, "changelist"))

    for word in ("anary", "Globex"):
        assert word not in shown


def test_no_page_and_no_button_reaches_another_tenant(alices: Client, theirs: Channel) -> None:
    one, lane = deliveries().get(), Lane.objects.across_tenants().get(key="canary")
    before = (deliveries().values().get(), Channel.objects.across_tenants().values().get())
    pages = [
        page("channel", "change", theirs.pk), page("channel", "delete", theirs.pk), page("delivery", "change", one.pk),
        page("delivery", "preview", one.pk), page("lane", "change", lane.pk),
    ]  # fmt: skip
    buttons = [page("channel", verb, theirs.pk) for verb in ("test", "pause", "resume", "rotate")]

    posted = [alices.post(url, {"replay": 1, "post": "yes"}) for url in pages + buttons]
    for answer in (*map(alices.get, pages), *posted):
        assert answer.status_code in {302, 404, 403}
        assert "anary" not in answer.content.decode()
    assert (deliveries().values().get(), Channel.objects.across_tenants().values().get()) == before


def test_a_tenant_adds_no_channel_to_another(alices: Client, globex: Tenant, add: str) -> None:
    alices.post(add, form(globex))

    assert not Channel.objects.across_tenants().exists()
    assert not Message.objects.across_tenants().exists()
