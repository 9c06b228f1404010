"""`fetch`: asked once a run and never again once it was answered, whatever the server says."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from notifications.kernel.clock import db_now
from notifications.models import Tenant
from tests.cast import Publish, crowd, outcomes, titles, wake_everybody, workflow
from tests.workflows.steps.moves import cost, standing, start, told, until, walked
from tests.workflows.steps.server import Server
from workflows import engine, under_way
from workflows.conf import CHUNK
from workflows.define import fetch, send_inbox
from workflows.fetching import Brought, Failed, Request, answered_by
from workflows.models import Cohort, Run, RunResult
from workflows.planning import plan_step
from workflows.registry import problems_of
from workflows.retract import cancel
from workflows.step import Plan, Stay
from workflows.under_way import PER_TENANT

pytestmark = pytest.mark.django_db

SAYS = send_inbox(title="{{ steps.weather.sky }}")


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    with Server() as found:
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {"ALLOW_ORIGINS": [found.origin]}}
        settings.NOTIFYHUB_LOOPBACK = True
        patient(settings, 20.0)
        yield found


def patient(settings: Any, seconds: float) -> None:
    """A machine that is busy answers late, and what comes late is written by a thread that does not see this test's
    transaction."""
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "WORKFLOWS": {"FETCH_PATIENCE": seconds}}


def weather(server: Server, **given: Any) -> Any:
    return fetch("weather", f"{server.origin}/weather", **given)


def until_settled(run: Run) -> Run:
    """Wake whoever waits for another try until all have gone on."""
    for _ in range(10):
        if walked(run).status != "processing":
            return run
        RunResult.objects.update(free_at=db_now())
        wake_everybody()
    raise AssertionError("it never went on")


def test_what_is_answered_is_there_for_texts_and_conditions(acme: Tenant, server: Server, publish: Publish) -> None:
    server.says("/weather", {"sky": "blue", "wind": {"speed": 3}})
    calm = {"<": [{"var": "steps.weather.wind.speed"}, 5]}
    publish(workflow("t", weather(server), SAYS, send_inbox(title="calm", when=calm)))
    people = crowd(acme, 5)

    run = told(acme, *people)

    assert {tuple(titles(one)) for one in people} == {("calm", "blue")}
    assert (run.status, len(server.asked)) == ("sent", 1)


def test_a_run_of_many_chunks_asks_once(acme: Tenant, server: Server, publish: Publish) -> None:
    server.says("/weather", {"sky": "blue"})
    publish(workflow("t", weather(server), SAYS))
    people = crowd(acme, CHUNK + 10)

    until_settled(start(acme, {"everyone": True}))

    assert {tuple(titles(one)) for one in (people[0], people[-1])} == {("blue",)}
    assert len(server.asked) == 1


def test_many_small_runs_ask_once_each(acme: Tenant, server: Server, publish: Publish) -> None:
    people = crowd(acme, 40)
    for n in range(40):
        server.says(f"/orders/{n}", {"n": n})
    publish(
        workflow(
            "t",
            fetch("order", server.origin + "/orders/{{ payload.n }}"),
            send_inbox(title="order {{ steps.order.n }}"),
        )
    )
    for n, one in enumerate(people):
        start(acme, one, payload={"n": n})

    engine.drain()

    assert [titles(one) for one in people] == [[f"order {n}"] for n in range(40)]
    assert len(server.asked) == 40


def test_a_step_that_is_tried_again_does_not_ask_again(acme: Tenant, server: Server, publish: Publish) -> None:
    server.says("/weather", {"sky": "blue"})
    publish(workflow("t", weather(server), SAYS))
    (person,) = crowd(acme, 1)
    run = start(acme, person)

    for _ in range(2):  # its worker dies after the answer
        plan_step(standing())
    walked(run)

    assert titles(person) == ["blue"]
    assert len(server.asked) == 1


def test_what_goes_along(acme: Tenant, server: Server, publish: Publish) -> None:
    server.says("/hook", {})
    publish(workflow("t", fetch("x", f"{server.origin}/hook", method="POST", headers={"X-Team": "red"}), SAYS))
    (person,) = crowd(acme, 1)

    run = told(acme, person, n=1)

    (asked,) = server.asked
    assert (asked.method, asked.headers["X-Team"]) == ("POST", "red")
    assert asked.headers["Idempotency-Key"] == f"{run.public_id}.0"
    assert json.loads(asked.body) == {"workflow": "t", "transaction_id": run.transaction_id, "payload": {"n": 1}}


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("7", "/orders/7/x"),
        ("a b/c?d#e%", "/orders/a%20b%2Fc%3Fd%23e%25/x"),
        ("@evil.example.com:80/", "/orders/%40evil.example.com%3A80%2F/x"),
        ("ü\r\nX: y", "/orders/%C3%BC%0D%0AX%3A%20y/x"),
        ("..", ""),
        (".", ""),
    ],
)
def test_a_value_of_the_payload_stays_a_part_of_the_url(
    acme: Tenant, server: Server, publish: Publish, value: str, path: str
) -> None:
    publish(workflow("t", fetch("x", server.origin + "/orders/{{ payload.id }}/x"), send_inbox(title="on")))
    (person,) = crowd(acme, 1)

    run = told(acme, person, id=value)

    assert [asked.path for asked in server.asked] == ([path] if path else [])
    assert titles(person) == ["on"]
    assert "fetch_failed" in outcomes(run)


BAD: list[tuple[Any, int]] = [
    ((404, {}), 1),
    ((301, {}), 1),
    ((200, b"<html>"), 1),
    ((200, b""), 1),
    ((200, b"\xff"), 1),
    ((200, b"[" * 5_000), 1),
    ((200, b'{"a": NaN}'), 1),
    ((200, b'{"a": "\\u0000"}'), 1),
    ((200, b'"' + b"x" * 70_000 + b'"'), 1),
    ((500, {}), 3),
    ((429, {}), 3),
]


@pytest.mark.parametrize(("answer", "times"), BAD, ids=[f"{status} {said!r:.20}" for (status, said), _ in BAD])
def test_a_server_that_says_no_costs_nobody_their_notice(
    acme: Tenant, server: Server, publish: Publish, answer: Any, times: int
) -> None:
    server.says("/weather", answer)
    publish(workflow("t", weather(server), send_inbox(title="sky: {{ steps.weather.sky }}")))
    people = crowd(acme, 3)

    run = until_settled(start(acme, *people))

    assert {tuple(titles(one)) for one in people} == {("sky:",)}
    assert outcomes(run, final=False) == {"fetch_failed": {one.pk for one in people}}
    assert (run.status, len(server.asked)) == ("sent", times)


def test_or_it_ends_there_with_the_reason(acme: Tenant, server: Server, publish: Publish) -> None:
    publish(workflow("t", weather(server, on_error="stop"), SAYS))
    (person,) = crowd(acme, 1)

    run = told(acme, person)

    assert (titles(person), run.status) == ([], "sent")
    assert outcomes(run) == {"fetch_failed": {person.pk}}


def test_a_server_that_comes_back_is_asked_again(acme: Tenant, server: Server, publish: Publish) -> None:
    server.says("/weather", (503, {}), {"sky": "grey"})
    publish(workflow("t", weather(server), SAYS))
    (person,) = crowd(acme, 1)

    run = told(acme, person)
    asleep = Cohort.objects.across_tenants().get(open=True)
    assert (asleep.step, len(server.asked), titles(person)) == ("0", 1, [])
    assert asleep.wake_at <= db_now() + timedelta(seconds=1)

    until_settled(run)
    assert titles(person) == ["grey"]
    assert outcomes(run) == {"done": {person.pk}}


def test_a_run_whose_server_is_away_holds_up_no_other(acme: Tenant, server: Server, publish: Publish) -> None:
    server.says("/good", {"sky": "blue"})
    server.says("/bad", (503, {}))
    publish(workflow("t", fetch("weather", server.origin + "/{{ payload.which }}"), SAYS))
    waits, goes = crowd(acme, 2)
    runs = [start(acme, one, payload={"which": which}) for one, which in ((waits, "bad"), (goes, "good"))]

    engine.drain()

    assert (titles(waits), titles(goes)) == ([], ["blue"])
    assert [until_settled(run).status for run in runs] == ["sent", "sent"]


def test_a_cancelled_run_asks_nothing(acme: Tenant, server: Server, publish: Publish) -> None:
    server.says("/weather", (503, {}))
    publish(workflow("t", weather(server), SAYS))
    run = told(acme, *crowd(acme, 1))
    cancel(run.transaction_id, tenant=acme)
    RunResult.objects.update(free_at=db_now())

    walked(run)

    assert len(server.asked) == 1
    assert run.shown_status == "retracted"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_second_worker_does_not_ask_while_the_first_does(acme: Tenant, server: Server, publish: Publish) -> None:
    server.says("/weather", {"sky": "blue"})
    server.held["/weather"] = threading.Event()
    publish(workflow("t", weather(server), SAYS))
    (person,) = crowd(acme, 1)
    run = start(acme, person)
    scene = standing()

    worker = threading.Thread(target=lambda: (engine.drain(), connection.close()))
    worker.start()
    until(lambda: server.asked)
    found: list[Plan] = []
    second = threading.Thread(target=lambda: (found.append(plan_step(scene)), connection.close()))
    second.start()
    second.join(timeout=20)
    server.held["/weather"].set()
    second.join()
    worker.join()

    assert [type(move.to) for move in found[0].moves] == [Stay]
    assert len(server.asked) == 1
    until_settled(run)
    assert titles(person) == ["blue"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_server_that_is_slow_holds_up_nobody_and_its_answer_is_kept_when_it_comes(
    acme: Tenant, globex: Tenant, server: Server, publish: Publish, settings: Any
) -> None:
    patient(settings, 0.05)
    server.says("/slow", {"sky": "late"})
    server.held["/slow"] = threading.Event()
    publish(workflow("t", fetch("weather", server.origin + "/slow"), SAYS))
    publish(workflow("u", send_inbox(title="at once")))
    waits, goes = crowd(acme, 1)[0], crowd(globex, 1)[0]
    runs = [start(acme, waits) for _ in range(PER_TENANT + 3)]

    other = start(globex, goes, key="u")
    assert walked(other).status == "sent"
    assert (titles(goes), titles(waits)) == (["at once"], [])
    until(lambda: len(server.asked) == PER_TENANT)
    assert under_way.of_process().room(acme.pk) == 0
    assert under_way.of_process().room(globex.pk) == PER_TENANT

    server.held["/slow"].set()
    until(lambda: wake_everybody() or all(walked(run).status == "sent" for run in runs))
    assert titles(waits) == ["late"] * len(runs)
    assert len(server.asked) == len(runs)


def test_a_private_address_is_not_asked(acme: Tenant, publish: Publish, settings: Any) -> None:
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {}}
    found = [one.message for one in problems_of(workflow("t", fetch("x", "https://10.0.0.1/x")))]

    assert any("Step 1: url: Must lead to a public address" in message for message in found), found


def test_in_a_simulation_a_function_answers(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", fetch("weather", "https://api.example.com/{{ payload.city }}"), SAYS))
    (person,) = crowd(acme, 1)

    def answer(request: Request) -> Brought | Failed:
        return Brought({"sky": request.url.rpartition("/")[2]})

    with answered_by(answer):
        told(acme, person, city="Basel")

    assert titles(person) == ["Basel"]


def test_as_many_statements_for_ten_people_as_for_a_thousand(
    acme: Tenant, globex: Tenant, server: Server, publish: Publish
) -> None:
    server.says("/weather", {"sky": "blue"})
    publish(workflow("t", weather(server), SAYS))
    people = {acme: crowd(acme, 10), globex: crowd(globex, CHUNK)}
    cost(acme, people[acme][:1])

    few, many = (cost(tenant, of_tenant) for tenant, of_tenant in people.items())

    assert few == many


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("{{ payload.url }}", "url: write scheme and host out"),
        ("https://{{ payload.host }}/x", "url: write scheme and host out"),
        ("https://api.example.com{{ payload.x }}/", "url: write scheme and host out"),
        ("ftp://api.example.com/x", "url: write scheme and host out"),
        ("https://user:pw@api.example.com/x", "url: Take the user name"),
        ("https://localhost/x", "url: Must name a public host"),
        ("https://api.example.com/{% if %}", "url: line 1"),
        ("https://api.example.com/{{ recipient.name }}", "url: it is asked once"),
    ],
)
def test_a_url_that_is_none_is_told_on_save(url: str, problem: str) -> None:
    found = [one.message for one in problems_of(workflow("t", fetch("x", url)))]

    assert any(problem in message for message in found), found


def test_header_fields_are_checked_on_save() -> None:
    found = [
        one.message for one in problems_of(workflow("t", fetch("x", "https://a.example.com/", headers={"Host": "b"})))
    ]

    assert found == ["Step 1: headers.Host: This field is written by us; choose another name, like X-Team."]
