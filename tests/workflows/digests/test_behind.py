"""What stands behind a digest: one run carries the digests of many people, and nobody must see another's events."""

from datetime import timedelta

import pytest

from notifications.models import Recipient, Role, Tenant
from tests.cast import Publish, crowd, titles, workflow
from workflows.define import digest, escalate, fetch, level, send_inbox, throttle, wait_for
from workflows.fetching import Brought, answered_by
from workflows.models import Throttle
from workflows.registry import problems_of

from .moves import start, their_time_comes

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
TOLD = send_inbox(title="{{ steps.order.asked }}")
ALL = "{% for item in digest.items %}{{ item.payload.n }}{% endfor %}"


def test_a_fetch_is_asked_without_anybodys_events(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.asks", digest(hours=1), fetch("order", "https://api.example.com/", method="POST"), TOLD))
    one, other = crowd(acme, 2)

    with answered_by(lambda request: Brought({"asked": (request.body or b"").decode()})):
        start("t.asks", acme, one, secret="hers")
        start("t.asks", acme, other, secret="his")
        their_time_comes()

    assert titles(one)[0] == titles(other)[0]
    assert "his" not in titles(one)[0]


@pytest.mark.parametrize(
    "step",
    [
        fetch("order", "https://api.example.com/{{ payload.id }}"),
        wait_for("event", event="order.paid", match="order.id", hours=1),
    ],
)
def test_what_is_done_once_a_run_cannot_name_an_event(step: dict[str, object]) -> None:
    assert not list(problems_of(workflow("t", step, TOLD)))

    [problem] = problems_of(workflow("t", digest(hours=1), step, TOLD))

    assert "behind a digest" in problem.message


def test_a_throttle_counts_each_under_their_own_key(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.few", digest(hours=1), throttle(1, within=HOUR, key="payload.p"), send_inbox(title="Hello")))
    one, other = crowd(acme, 2)

    start("t.few", acme, one, p="a")
    start("t.few", acme, other, p="b")
    their_time_comes()

    assert Throttle.objects.across_tenants().values("scope").distinct().count() == 2


def test_all_who_are_called_in_see_each_event_once(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    admins = crowd(acme, 3, prefix="admin", role=Role.ADMIN)
    publish(
        workflow("t.calls", digest(hours=1), escalate(level(send_inbox(title=ALL), to=[{"role": "admin"}], minutes=5)))
    )

    for n in range(3):
        start("t.calls", acme, bob, n=n)
    their_time_comes()

    assert [titles(admin) for admin in admins] == [["012"]] * 3


def test_who_is_called_in_is_not_asked_the_steps_condition(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    [admin] = crowd(acme, 1, prefix="admin", role=Role.ADMIN)
    members = {"!=": [{"var": "recipient.role"}, "admin"]}
    page = escalate(level(send_inbox(title="Fire"), to=[{"role": "admin"}], minutes=5), when=members)
    publish(workflow("t.page", page, send_inbox(title="Given up")))

    start("t.page", acme, bob)

    assert titles(admin) == ["Fire"]
