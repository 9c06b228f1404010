"""A week of a workflow for a thousand people on the virtual clock, beside the same week for ten."""

from __future__ import annotations

from benchmarks import product
from benchmarks.goals import Line
from benchmarks.harness import alternate, repeat
from benchmarks.report import Report
from notifyhub.interpreter import calm_collector

DAYS = 7


def measure(*, quick: bool) -> Report:
    many, few = (100, 10) if quick else (1_000, 10)
    rounds, seconds = (2, 0.3) if quick else (15, 1.0)
    product.fresh_site()

    from datetime import timedelta

    from workflows.define import Workflow, delay, send_email, send_inbox
    from workflows.simulate import Act, Event, Fire, Timeline, simulate

    week = Workflow(
        key="bench.week",
        name="A week",
        sample={"number": 1},
        steps=[
            send_inbox(title="{{ recipient.name }}, invoice {{ payload.number }} is due"),
            delay(days=1),
            send_email(title="{{ recipient.name }}, it still waits", body="Please look.", skip_if_read=True),
            delay(days=3),
            send_inbox(title="Invoice {{ payload.number }} is late", level="warning"),
            delay(days=3),
            send_email(title="The last reminder of invoice {{ payload.number }}"),
        ],
    )
    reads = [Event(Act("read", f"p{n}"), timedelta(hours=n)) for n in range(1, 11)]

    def play(people: int) -> Timeline:
        return simulate(week, people=people, events=[Event(Fire()), *reads])

    play(many)
    calm_collector()  # as the web process does, which plays simulations for people
    counts: dict[str, object] = {}
    for people in (few, many):
        with product.statements() as seen:
            timeline = play(people)
        assert timeline.finished
        assert len(timeline.only("sent").titles()) == 4 * people - 10, "not everybody got everything"
        counts[f"statements for {people:,} people"] = len(seen)
        counts[f"statements a virtual day for {people:,} people"] = round(len(seen) / DAYS, 1)
        counts[f"entries of {people:,} people"] = len(timeline)
    sides = {
        f"{people:,} people": repeat(lambda people=people: play(people), seconds=seconds) for people in (few, many)
    }  # type: ignore[misc]
    done = alternate(sides, rounds=rounds)
    ours, against = f"{many:,} people", f"{few:,} people"
    each = done.each(ours)
    work = f"a simulated week of {many:,} people, two mails and two items each"
    ratio = done.time_ratio(ours, against)
    detail = f"{each.median * 1e3:,.0f} ms against {done.each(against).median * 1e3:,.0f}"
    lines = [
        Line("simulation.week", work, "the clock on the wall", "at most", 1.0, each, done.control(ours), unit="s"),
        Line("simulation.growth", work, f"the same of {few:,} people", "for the record", 0, ratio, detail=detail),
    ]
    return Report("simulation", lines, counts=counts, rounds={"simulation": done.as_json()})
