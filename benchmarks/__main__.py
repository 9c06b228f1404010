"""`python -m benchmarks [--only NAME ...] [--quick]`: measures, and writes benchmarks/results/."""

from __future__ import annotations

import argparse
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
    environment.prepare()
    for name in arguments.only or report.ORDER:
        progress(f"{name} ...")
        facts = machine.facts()
        scenario = import_module(f"{__package__}.scenarios.{name}")
        table = report.write(scenario.measure(quick=arguments.quick), machine=facts, quick=arguments.quick)
    print(table.read_text())


if __name__ == "__main__":
    main()
