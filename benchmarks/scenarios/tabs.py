"""What a person sees of it: a press in the playground of one tab until the toast and the number are in another, and a
press there until the number is gone here. In `make run`'s one process on SQLite, by the clock of a Chromium."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.goals import Line
from benchmarks.harness import Spread, progress
from benchmarks.report import Report
from tests.browser.hub import running_chromium, running_hub
from tests.browser.tabs import percentile, trip


def measure(*, quick: bool) -> Report:
    rounds = 5 if quick else 50
    with tempfile.TemporaryDirectory() as folder, running_hub(Path(folder)) as hub, running_chromium() as chromium:
        context = chromium.new_context(base_url=hub, viewport={"width": 1280, "height": 900})
        here, there = context.new_page(), context.new_page()
        here.goto("/sign-in/?next=/playground/")
        here.locator("button[name=username][value=ana]").click()
        here.wait_for_url("**/playground/")
        trip(here, there, "Warm up")
        trips = []
        for number in range(rounds):
            trips.append(trip(here, there, f"Round {number}"))
            progress(f"  round {number + 1}/{rounds}: told {trips[-1].told:.3f} s, read {trips[-1].read:.3f} s")
    told, read = [one.told for one in trips], [one.read for one in trips]
    return Report(
        "tabs",
        [
            _line("tabs.told", "pressed in the playground → toast and number in a second tab", told),
            _line("tabs.read", "read in the second tab → number gone in the first", read),
        ],
        counts={"rounds": rounds},
        rounds={"told": [round(one, 4) for one in told], "read": [round(one, 4) for one in read]},
    )


def _line(key: str, work: str, seconds: list[float]) -> Line:
    ninety_fifth = percentile(seconds, 0.95)
    detail = f"half within {percentile(seconds, 0.5):.2f} s, the slowest {max(seconds):.2f}"
    return Line(
        key,
        f"{work}, p95 of {len(seconds)}",
        "a second",
        "at most",
        1,
        Spread(ninety_fifth, ninety_fifth, ninety_fifth, 1),
        unit="s",
        detail=detail,
    )
