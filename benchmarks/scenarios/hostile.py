"""Every text of the list of template attacks and bombs, as a template and as a value of one: how long the slowest
takes, and what the list leaves behind in memory when it is played again and again."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from benchmarks.goals import Line
from benchmarks.harness import Spread, progress
from benchmarks.report import Report
from benchmarks.worker import MIB, proportional_set_size

LIST = Path(__file__).resolve().parents[2] / "tests" / "workflows" / "hostile_texts.txt"
VALUE = "<{{ payload.x }}> {{ payload.x | upcase }} {% for part in payload.parts %}{{ part }}{% endfor %}"
LARGE = {"x": "x" * 50_000, "parts": ["y" * 100] * 400}
BOMBS = (
    "{% for a in (1..2000) %}{% for b in (1..2000) %}x{% endfor %}{% endfor %}",
    "{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | append: x %}" * 60 + "{{ x }}",
    "{{ payload.x | split: '' | join: payload.x }}",
    "{{ payload.x | replace: 'x', payload.x }}",
    "{% capture x %}" + "{{ payload.x }}" * 30 + "{% endcapture %}{{ x | size }}",
    "{{ payload.x | upcase | downcase | capitalize | escape | strip_html | url_encode }}" * 100,
    "{% if payload.x contains 'xxy' %}{% endif %}" * 200,
    "{" * 60_000,
    "{{" * 5_000 + "}}" * 5_000,
    "{% if x %}" * 900 + "{% endif %}" * 900,
    "{{ x" + ".x" * 1_900 + " }}",
    "{{ x " + "| upcase " * 400 + "}}",
)
"""At the edges of what a text may have, with large values."""


def measure(*, quick: bool) -> Report:
    rounds, again = (3, 10) if quick else (15, 50)
    texts = [line for line in LIST.read_text().splitlines() if line and not line.startswith("# ")]
    tries: list[tuple[str, str, dict[str, Any]]] = [(text, text, {"x": "value"}) for text in texts]
    tries += [(text, VALUE, {"x": text, "parts": [text] * 20}) for text in texts]
    tries += [(bomb, bomb, LARGE) for bomb in BOMBS]
    slowest, outcomes = list[float](), list[tuple[float, str]]()
    for number in range(rounds):
        outcomes = [(seconds(source, payload), text) for text, source, payload in tries]
        slowest.append(max(outcomes)[0])
        progress(f"  round {number + 1}/{rounds}: the slowest takes {slowest[-1] * 1e3:.1f} ms")
    play(tries, 3)
    before, grown = proportional_set_size(own()), list[float]()
    for _ in range(again // 10):
        play(tries, 10)
        grown.append((proportional_set_size(own()) - before) / MIB)
    worst, times = max(outcomes)[1], sorted(one for one, _ in outcomes)
    detail = f"{worst[:40]!r}; the median takes {times[len(times) // 2] * 1e6:.0f} µs".replace("|", "\\|")
    what = f"the slowest of {len(texts)} hostile texts, as template and as value, and {len(BOMBS)} bombs, parsed anew"
    lines = [
        Line("hostile.time", what, "50 ms of its thread", "at most", 50, Spread.of([one * 1e3 for one in slowest]),
             unit="ms", detail=detail),
        Line("hostile.memory", f"growth of the process while all of them are played {again} times", "after three times",
             "at most", 1, Spread.of([grown[-1]]), unit="MiB", detail=f"{before / MIB:.0f} MiB in all"),
    ]  # fmt: skip
    counts: dict[str, object] = {"refused of all": [sum(refused(one) for one in tries), len(tries)]}
    return Report("hostile", lines, counts=counts)


def own() -> int:
    import os

    return os.getpid()


def seconds(source: str, payload: dict[str, Any]) -> float:
    """Of this thread's own work, as the budget counts it; nothing is remembered of the text."""
    from notifications import rendering

    for known in (rendering.parse, rendering._parse_short, rendering._parse_long, rendering._pieces, rendering.paths):
        getattr(known, "cache_clear", lambda: None)()
    start = time.thread_time()
    outcome(source, payload)
    return time.thread_time() - start


def outcome(source: str, payload: dict[str, Any]) -> str:
    """What it comes to, or why not."""
    from notifications import rendering

    try:
        rendering.paths(source)
        return rendering.render(source, {"payload": payload, "recipient": {}, "digest": {"items": [], "count": 1}})
    except rendering.TemplateProblem as problem:
        return f"refused: {problem}"


def refused(one: tuple[str, str, dict[str, Any]]) -> bool:
    return outcome(one[1], one[2]).startswith("refused: ")


def play(tries: list[tuple[str, str, dict[str, Any]]], times: int) -> None:
    for _ in range(times):
        for _, source, payload in tries:
            outcome(source, payload)
