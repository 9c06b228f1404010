"""`make test`: run every suite this machine can, and say at the end what ran and what did not, and why.

One lane is one pytest process with its own database. NOTIFYHUB_TEST_REQUIRE=all makes a missing service a failure.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from xml.etree import ElementTree as ET
from zlib import crc32

from tests.services import Service, find_chromium, find_postgres, find_redis, find_verifiers

NOTHING_COLLECTED = 5  # pytest's exit code
LONGEST = 600
"""Seconds after which a test that has not ended counts as stuck: the lane says where every thread stands, and ends."""
LONGEST_SOAKED = 3600


@dataclass(frozen=True)
class Lane:
    name: str
    marks: str
    needs: tuple[Service, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    elsewhere: tuple[str, ...] = ()
    """Folders of tests that another lane runs."""

    @property
    def left_out(self) -> str:
        """Why this lane cannot run here, or nothing."""
        return "; ".join(f"no {service.name} ({service.missing})" for service in self.needs if not service)


@dataclass(frozen=True)
class Result:
    lane: Lane
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    once: int = 0
    """How many of them look at nothing of the lane's database, and run in no other lane."""
    remark: str = ""


def main(arguments: list[str]) -> int:
    soak = "--soak" in arguments
    arguments = [argument for argument in arguments if argument != "--soak"]
    found = Found(find_postgres(), find_redis(), find_chromium(), find_verifiers())
    results = list(_soak(found, arguments)) if soak else _all(_lanes(found), arguments)
    _report(results, found)
    strict = os.environ.get("NOTIFYHUB_TEST_REQUIRE") == "all"
    missing = [service for service in found.services if not service]
    if strict and missing:
        print(f"NOTIFYHUB_TEST_REQUIRE=all, and missing: {', '.join(service.name for service in missing)}")
    passed, failed, skipped = (sum(getattr(r, what) for r in results) for what in ("passed", "failed", "skipped"))
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 1 if failed or not passed or (strict and missing) else 0


@dataclass(frozen=True)
class Found:
    postgres: Service
    redis: Service
    chromium: Service
    node: Service

    @property
    def services(self) -> tuple[Service, ...]:
        return (self.postgres, self.redis, self.chromium, self.node)

    @property
    def environment(self) -> dict[str, str]:
        """What conftest and settings need to know of the services, whichever lane runs."""
        return {
            "NOTIFYHUB_TEST_DATABASE_URL": "",
            "NOTIFYHUB_TEST_REDIS_URL": self.redis.address,
            "CHROMIUM": self.chromium.address,
        }


def _lanes(found: Found) -> list[Lane]:
    common = found.environment
    # Tests that need Redis but no PostgreSQL move to the first lane where there is no second one.
    node = "" if found.node else " and not node"
    redis_on_sqlite = "" if found.redis and not found.postgres else " and not redis"
    either = " and not either" if found.postgres else ""  # the lanes on PostgreSQL have them
    sqlite_marks = f"not postgres and not browser{redis_on_sqlite}{node}{either}"
    postgres_marks = "not browser and not once" + ("" if found.redis else " and not redis") + node
    on_postgres = common | {"NOTIFYHUB_TEST_DATABASE_URL": found.postgres.address}
    on_file = common | {"NOTIFYHUB_TEST_DATABASE_URL": f"sqlite:///{tempfile.gettempdir()}/notifyhub-{os.getpid()}.db"}
    return [
        Lane("sqlite", sqlite_marks, (), _pairs(common)),
        Lane("postgres", postgres_marks, (found.postgres,), _pairs(on_postgres), OUTSIDE),
        Lane("outside", postgres_marks, (found.postgres,), _pairs(on_postgres), _but(OUTSIDE)),
        *(
            Lane(
                f"browser{number}",
                "browser",
                (found.chromium,),
                _pairs(on_postgres if found.postgres else on_file),
                (*_but(BROWSER), *others),
            )
            for number, others in enumerate(reversed(_halves()), 1)
        ),
    ]


OUTSIDE = ("tests/channels_delivery", "tests/faults")
"""What mostly waits: for receivers, and for processes that it kills."""
BROWSER = ("tests/browser",)
"""Where every test that needs a browser is: tests/site/test_runner.py sees to it."""


def _halves() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The files of tests that need a browser, in two parts of about the same size."""
    folder = Path(__file__).parent
    files = sorted((folder.parent / BROWSER[0]).glob("test_*.py"), key=lambda path: -path.stat().st_size)
    names = tuple(str(path.relative_to(folder.parent)) for path in files)
    return names[::2], names[1::2]


def _but(folders: tuple[str, ...]) -> tuple[str, ...]:
    every = (path for path in Path(__file__).parent.iterdir() if path.is_dir() and path.name != "__pycache__")
    return tuple(sorted(f"tests/{path.name}" for path in every if f"tests/{path.name}" not in folders))


def _soak(found: Found, arguments: list[str]) -> Iterator[Result]:
    """Rounds with a seed each, the first with NOTIFYHUB_SEED if it is set, until the time is up; then their sums."""
    until = time.monotonic() + 60 * float(os.environ.get("NOTIFYHUB_SOAK_MINUTES", "30"))
    seed = os.environ.get("NOTIFYHUB_SEED") or str(random.randrange(10**9))
    with tempfile.TemporaryDirectory() as folder:
        reckonings = Path(folder) / "reckonings"
        while time.monotonic() < until:
            on_postgres = found.environment | {
                "NOTIFYHUB_TEST_DATABASE_URL": found.postgres.address,
                "NOTIFYHUB_SEED": seed,
                "NOTIFYHUB_SOAK": "1",
                "NOTIFYHUB_RECKONINGS": str(reckonings),
            }
            lane = Lane(f"seed {seed}", "faults", (found.postgres, found.redis), _pairs(on_postgres))
            yield _run(lane, arguments, longest=LONGEST_SOAKED)
            if lane.left_out:
                return
            seed = str(random.randrange(10**9))
        _print_sums(reckonings)


def _print_sums(reckonings: Path) -> None:
    """What the reckonings of all rounds come to: `docs/faults.md` says how to read it."""
    sums = Counter[str]()
    for line in reckonings.read_text().splitlines() if reckonings.exists() else ():
        sums.update(json.loads(line))
    print("\nreckonings of all rounds")
    for name, count in sums.items():
        print(f"  {name:<12}{count:>9,}")


def _pairs(environment: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(environment.items())


def _all(lanes: list[Lane], arguments: list[str]) -> list[Result]:
    """Every lane, in three lines side by side: two that compute, and one that mostly waits and leaves them its
    processor meanwhile; half of what needs a browser behind the third, and half behind the first that ends. What the
    first two say is shown when the third has ended."""
    if (os.cpu_count() or 1) < 2:
        return [_run(lane, arguments) for lane in lanes]
    sqlite, postgres, outside, browser, others = lanes
    with ExitStack() as stack:
        aside = stack.enter_context(ThreadPoolExecutor(2))
        said = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(3)]
        beside = [
            aside.submit(_run, lane, arguments, said=into)
            for lane, into in zip((sqlite, postgres, others), said, strict=True)
        ]
        results = [_run(lane, arguments) for lane in (outside, browser)]
        results = [*(one.result() for one in beside), *results]
        for one in said:
            one.seek(0)
            print(one.read(), end="", flush=True)
    return results


def _run(lane: Lane, arguments: list[str], *, said: TextIO | None = None, longest: float = LONGEST) -> Result:
    """`said` gets what is shown, instead of the terminal; a test that takes `longest` seconds ends the lane."""
    if lane.left_out:
        return Result(lane, remark=f"left out: {lane.left_out}")
    print(f"\n== {lane.name} ==", flush=True, file=said)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report, begun = Path(folder) / "report.xml", Path(folder) / "begun.txt"
        ignored = [f"--ignore={folder}" for folder in lane.elsewhere]
        command = [sys.executable, "-m", "pytest", "-q", "-m", lane.marks, f"--junitxml={report}", *ignored]
        command += [
            "-p",
            "tests.begun",
            "-o",
            f"faulthandler_timeout={longest}",
            "-o",
            "faulthandler_exit_on_timeout=1",
        ]
        environment = {"NOTIFYHUB_TEST_NAME": _database(lane), **os.environ, **dict(lane.environment)}
        environment["NOTIFYHUB_TEST_BEGUN"] = str(begun)
        output = {"stdout": said, "stderr": said and subprocess.STDOUT}
        ended = subprocess.run([*command, *arguments], env=environment, check=False, **output)
        passed, failed, skipped = _counts(report)
        once = _once(report)
        last = begun.read_text() if begun.exists() else "no test"
    seconds = time.monotonic() - started
    if ended.returncode == NOTHING_COLLECTED:
        return Result(lane, seconds=seconds, remark="nothing selected")
    if ended.returncode and not failed:
        return Result(lane, passed, 1, skipped, seconds, once, f"ended with {ended.returncode} in {last}")
    return Result(lane, passed, failed, skipped, seconds, once)


def _database(lane: Lane) -> str:
    """A name a checkout and lane: they run side by side on one server."""
    return f"test_notifyhub_{crc32(str(Path(__file__).resolve()).encode()):08x}_{lane.name.split()[0]}"


def _counts(report: Path) -> tuple[int, int, int]:
    """Read passed, failed and skipped from pytest's own report (a test and its teardown may both fail)."""
    if not report.exists():
        return 0, 0, 0
    cases = list(ET.parse(report).iter("testcase"))  # noqa: S314  written by our own pytest a moment ago
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    skipped = sum(1 for case in cases if case.find("skipped") is not None)
    return len(cases) - failed - skipped, failed, skipped


def _once(report: Path) -> int:
    """Count what tests/conftest.py has noted of the tests that run in one lane."""
    if not report.exists():
        return 0
    noted = ET.parse(report).iterfind(".//testcase/properties/property[@name='once']")  # noqa: S314  as above
    return sum(1 for _ in noted)


def _report(results: list[Result], found: Found) -> None:
    print("\nservices")
    for service in found.services:
        print(f"  {service.name:<12}{'found' if service else 'missing: ' + service.missing}")
    print("\nlane           passed  failed  skipped  seconds    once")
    for result in results:
        counts = (
            f"{result.passed:>6}  {result.failed:>6}  {result.skipped:>7}  {result.seconds:>7.1f}  {result.once:>6}"
        )
        print(f"{result.lane.name:<14} {counts}  {result.remark}".rstrip())
    print()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
