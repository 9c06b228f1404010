"""The end of `make test` tells the truth."""

from pathlib import Path

import pytest

from tests.run import Lane, _counts
from tests.services import Service

pytestmark = pytest.mark.once


def test_each_test_counts_once_even_when_its_teardown_fails_too(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        "<testsuites><testsuite><testcase name='a'/><testcase name='b'><failure/><error/></testcase>"
        "<testcase name='c'><skipped/></testcase></testsuite></testsuites>"
    )

    assert _counts(report) == (1, 1, 1)


def test_a_lane_names_what_it_lacks() -> None:
    lane = Lane("browser", "browser", (Service("Chromium", missing="not found; set CHROMIUM"),))

    assert lane.left_out == "no Chromium (not found; set CHROMIUM)"


def test_a_lane_with_all_it_needs_runs() -> None:
    assert not Lane("postgres", "not browser", (Service("PostgreSQL", "postgres://…"),)).left_out
