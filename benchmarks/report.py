"""Writes what a scenario found as JSON, and all scenarios' lines together as one Markdown table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .goals import HEADINGS, Line, below

RESULTS = Path(__file__).resolve().parent / "results"
ORDER = [
    *("fanout", "small_runs", "inbox_reads", "read_all", "decide"),
    *("webhooks", "push", "mail", "triggered", "fairness"),
    *("live_frames", "live_toast", "live_latency", "live_memory", "tabs"),
    *("digests", "sleepers", "hostile", "simulation"),
]


@dataclass(frozen=True, slots=True)
class Report:
    """Lines of the table, counts beside them, and every slice that they were made of."""

    scenario: str
    lines: list[Line]
    counts: Mapping[str, object] = field(default_factory=dict)
    rounds: Mapping[str, object] = field(default_factory=dict)


def write(report: Report, *, machine: dict[str, object], quick: bool) -> None:
    """Store it, and bring the table up to date."""
    folder = table(quick=quick).parent
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "scenario": report.scenario,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "machine": machine,
        "lines": [line.as_json() for line in report.lines],
        "counts": report.counts,
        "rounds": report.rounds,
    }
    (folder / f"{report.scenario}.json").write_text(json.dumps(document, indent=1, default=str) + "\n")
    table(quick=quick).write_text(markdown([json.loads(path.read_text()) for path in stored(folder)]))


def table(*, quick: bool) -> Path:
    """Where the table is; quick runs have one of their own."""
    return RESULTS / "quick" / "README.md" if quick else RESULTS / "README.md"


def stored(folder: Path) -> list[Path]:
    return [path for name in ORDER if (path := folder / f"{name}.json").exists()]


def markdown(documents: list[dict[str, Any]]) -> str:
    """The table of all scenarios that have a result, the counts, and the machines."""
    out = ["# Results", ""]
    if any(document["quick"] for document in documents):
        out += [
            "**Quick run**: small sizes and few rounds. It shows that the benchmarks work, not how fast anything is.",
            "",
        ]
    out += [
        "How to read this: [`benchmarks/README.md`]("
        + ("../" if not documents[0]["quick"] else "../../")
        + "README.md).",
        "",
    ]
    out += ["| " + " | ".join(HEADINGS) + " |", "|" + " --- |" * len(HEADINGS)]
    for document in documents:
        out += ["| " + " | ".join([*line["row"][:-1], verdict_now(line)]) + " |" for line in document["lines"]]
    out += ["", "## Counts", ""]
    for document in documents:
        out += [f"**{document['scenario']}** ({document['measured_at']})", ""]
        out += [f"- {name}: {shown(value)}" for name, value in document["counts"].items()] + [""]
    return "\n".join([*out, "## Machine", "", *machine_lines(documents)]) + "\n"


def verdict_now(line: Mapping[str, Any]) -> str:
    """What is known by now of a line that is below its goal, and not what was when it was measured."""
    return str(line["row"][-1]) if line["met"] else below(line["key"])


def machine_lines(documents: list[dict[str, Any]]) -> list[str]:
    """Each machine that something was measured on, with what was; and the load at the start of each."""
    alike: dict[str, list[str]] = {}
    for document in documents:
        alike.setdefault(_described(document["machine"]), []).append(document["scenario"])
    loads = ", ".join(f"{d['scenario']} {d['machine']['load_at_start']}" for d in documents)
    return [
        *(f"- {', '.join(names) if len(alike) > 1 else 'everything'}: {machine}" for machine, names in alike.items()),
        "- the database, the worker, the load and the measuring share the cores",
        f"- load average when each scenario started: {loads}",
    ]


def _described(machine: Mapping[str, Any]) -> str:
    postgresql = dict(machine["postgresql"])
    version = postgresql.pop("server_version")
    packages = "".join(f", {name} {value}" for name, value in machine.get("packages", {}).items())
    return (
        f"{machine['cores']} cores of {machine['processor']}, {machine['memory_gib']} GiB, {machine['system']};"
        f" PostgreSQL {version} ({', '.join(f'{name} = {value}' for name, value in postgresql.items())});"
        f" Python {machine['python']}, Django {machine['django']}{packages}"
    )


def shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {shown(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(shown(inner) for inner in value) or "none"
    return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
