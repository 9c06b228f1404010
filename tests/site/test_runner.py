"""The end of `make test` tells the truth."""

from pathlib import Path

import pytest

from tests.run import BROWSER, Lane, _counts, _once, _run
from tests.services import Service

pytestmark = pytest.mark.once
TESTS = Path(__file__).resolve().parents[1]


def test_each_test_counts_once_even_when_its_teardown_fails_too(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        "<testsuites><testsuite><testcase name='a'/><testcase name='b'><failure/><error/></testcase>"
        "<testcase name='c'><skipped/></testcase></testsuite></testsuites>"
    )

    assert _counts(report) == (1, 1, 1)


def test_those_that_run_in_one_lane_are_counted(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    noted = "<properties><property name='once' value=''/></properties>"
    report.write_text(
        f"<testsuites><testsuite><testcase name='a'>{noted}</testcase><testcase name='b'/></testsuite></testsuites>"
    )

    assert _once(report) == 1


def test_what_needs_a_browser_is_where_its_lane_looks() -> None:
    needing = [path for path in TESTS.rglob("test_*.py") if "mark." + "browser" in path.read_text()]

    assert {f"tests/{path.relative_to(TESTS).parts[0]}" for path in needing} == set(BROWSER)


def test_a_lane_names_what_it_lacks() -> None:
    lane = Lane("browser", "browser", (Service("Chromium", missing="not found; set CHROMIUM"),))

    assert lane.left_out == "no Chromium (not found; set CHROMIUM)"


def test_a_lane_with_all_it_needs_runs() -> None:
    assert not Lane("postgres", "not browser", (Service("PostgreSQL", "postgres://…"),)).left_out


def test_a_test_that_never_ends_fails_its_lane_and_is_named(tmp_path: Path) -> None:
    stuck = tmp_path / "test_stuck.py"
    stuck.write_text("import threading\n\ndef test_waits():\n    threading.Event().wait()\n")
    said = (tmp_path / "said.txt").open("w+")

    result = _run(Lane("lane", ""), ["-c", "/dev/null", str(stuck)], said=said, longest=0.5)

    assert result.failed == 1
    assert result.remark.endswith("test_stuck.py::test_waits")
    said.seek(0)
    assert 'test_stuck.py", line 4 in test_waits' in said.read()
