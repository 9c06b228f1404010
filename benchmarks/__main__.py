"""`python -m benchmarks [--only NAME ...] [--quick]`: measures, and writes benchmarks/results/."""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib import import_module

from . import environment, machine, report
from .harness import progress


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measures notifyhub beside references and peers."
    )
    parser.add_argument(
        "--only", action="append", choices=report.ORDER, help="this scenario (may be given more than once)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, few rounds: does it work, not how fast is it"
    )
    arguments = parser.parse_args()
    chosen = arguments.only or report.ORDER
    if len(chosen) > 1:
        each_in_a_process_of_its_own(chosen, quick=arguments.quick)
    else:
        measure(chosen[0], quick=arguments.quick)
    print(report.table(quick=arguments.quick).read_text())


def each_in_a_process_of_its_own(names: list[str], *, quick: bool) -> None:
    """A scenario drops the database under the site that it has loaded; the next one loads it anew."""
    for name in names:
        command = [sys.executable, "-m", __package__ or "benchmarks", "--only", name, *(["--quick"] if quick else [])]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def measure(name: str, *, quick: bool) -> None:
    progress(f"{name} ...")
    environment.prepare()
    facts = machine.facts()
    scenario = import_module(f"{__package__}.scenarios.{name}")
    report.write(scenario.measure(quick=quick), machine=facts, quick=quick)


if __name__ == "__main__":
    main()
