"""A hook that cannot say puts off, and never sends; one that can is asked once for a whole set."""

from collections.abc import Sequence
from typing import Any

import pytest

from notifications import visibility
from notifications.models import Recipient, Tenant
from notifications.targets import Target
from tests.cast import Publish, crowd, outcomes, statements, titles, wake_everybody, workflow
from workflows import engine
from workflows.define import digest, escalate, level, send_email, send_inbox
from workflows.explain import explain, explain_future
from workflows.models import Cohort
from workflows.runs import progress
from workflows.trigger import Trigger, dry_run, trigger_many

from .moves import start, walked

pytestmark = pytest.mark.django_db
DOC = {"type": "document", "id": "17"}


class Site:
    def __init__(self, *hidden: str, broken: bool = False) -> None:
        self.hidden, self.broken, self.calls = set(hidden), broken, 0

    def __call__(self, pairs: Sequence[tuple[Recipient, Target]]) -> list[Any]:
        self.calls += 1
        if self.broken:
            raise RuntimeError("down")
        return [(one, target) for one, target in pairs if one.external_id not in self.hidden]


@pytest.fixture(autouse=True)
def told(publish: Publish) -> None:
    publish(workflow("t", send_inbox(title="About it"), send_inbox(title="More")))


def test_while_nobody_can_say_they_wait_and_it_is_on_record_once(acme: Tenant) -> None:
    (ana,) = crowd(acme, 1)

    with visibility.answered_by(Site(broken=True)):
        run = walked(start(acme, ana, target=DOC))
        wake_everybody()
        run = walked(run)

    (cohort,) = Cohort.objects.filter(tenant=acme, open=True)
    assert (cohort.step, cohort.tries, titles(ana)) == ("0", 0, [])
    assert explain(run, ana).codes.count("visibility_unknown") == 1
    assert outcomes(run) == {"visibility_unknown": {ana.pk}}


def test_an_escalation_notes_once_what_else_keeps_those_from_it_who_wait(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.fire", escalate(level(send_inbox(title="Fire"), send_email(title="Fire"), minutes=5))))
    (ana,) = crowd(acme, 1)

    with visibility.answered_by(Site(broken=True)):
        run = walked(start(acme, ana, key="t.fire", target=DOC))
        wake_everybody()
        run = walked(run)
    assert progress(run).skipped == {("inbox", "visibility_unknown"): 1}

    with visibility.answered_by(Site()):
        wake_everybody()
        run = walked(run)
    assert (progress(run).skipped["email", "no_address"], titles(ana)) == (1, ["Fire"])


def test_once_it_can_be_said_they_are_told(acme: Tenant) -> None:
    ana, ben = crowd(acme, 2)
    with visibility.answered_by(Site(broken=True)):
        run = walked(start(acme, ana, ben, target=DOC))

    with visibility.answered_by(Site("p1")):
        wake_everybody()
        run = walked(run)

    assert (titles(ana), titles(ben)) == (["More", "About it"], [])
    assert outcomes(run)["not_visible"] == {ben.pk}


def test_what_is_about_nothing_asks_nobody(acme: Tenant) -> None:
    site = Site(broken=True)
    (ana,) = crowd(acme, 1)

    with visibility.answered_by(site):
        walked(start(acme, ana))

    assert (site.calls, len(titles(ana))) == (0, 2)


def test_a_step_asks_once_for_a_hundred_people_and_objects(acme: Tenant) -> None:
    people = crowd(acme, 100)
    site = Site("p7")
    triggers = [Trigger("t", {}, [one], target=f"document:{n % 9}") for n, one in enumerate(people)]

    with visibility.answered_by(site):
        trigger_many(triggers, tenant=acme)
        engine.drain()

    assert site.calls == 2
    assert sorted(len(titles(one)) for one in people) == [0, *[2] * 99]


def test_a_digest_leaves_out_for_a_hundred_at_the_cost_of_one(acme: Tenant, publish: Publish) -> None:
    publish(workflow("d", digest(hours=1), send_inbox(title="{{ digest.count }}")))
    people, counts = crowd(acme, 41), []

    for some in (people[:1], people[1:]):
        for n in (17, 18):
            start(acme, *some, key="d", target=f"document:{n}")
        engine.drain()
        with statements() as found, visibility.answered_by(lambda pairs: [one for one in pairs if one[1].id == "18"]):
            close_windows()
            engine.drain()
        counts.append(len(found))

    assert [titles(one) for one in people] == [["1"]] * 41
    assert counts[0] == counts[1]


def close_windows() -> None:
    from notifications.kernel.clock import db_now
    from workflows.models import Window

    Window.objects.across_tenants().filter(closed=False).update(closes_at=db_now())


def test_the_future_and_a_dry_run_know_of_it(acme: Tenant) -> None:
    ana, ben = crowd(acme, 2)

    with visibility.answered_by(Site("p1")):
        hers, his = (explain_future("t", one, target=DOC) for one in (ana, ben))
        found = dry_run(Trigger("t", recipients=[ana, ben], target=DOC), tenant=acme)

    assert hers.codes == ["would_send", "would_send", "done"]
    assert his.codes == ["not_visible", "not_visible", "done"]
    assert [(send.people, send.skipped) for send in found.sends] == [(1, {"not_visible": 1})] * 2
