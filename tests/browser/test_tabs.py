"""A press in one tab rings in the other; what is read there is read here. How quickly is printed, and measured by the
benchmark `tabs`."""

import pytest

from tests.faults.rig import rounds

from .conftest import SignedIn
from .tabs import percentile, trip

pytestmark = [pytest.mark.browser, pytest.mark.faults]


def test_playground_toast_bell_and_read_in_a_second_tab(signed_in: SignedIn) -> None:
    here = signed_in("ana")
    there = here.context.new_page()

    trips = [trip(here, there, f"Round {number}") for number in range(rounds(few=8, soak=50))]

    told, read = [one.told for one in trips], [one.read for one in trips]
    print(f"\np95 of {len(trips)}: told {percentile(told, 0.95):.3f} s, read {percentile(read, 0.95):.3f} s")  # noqa: T201
    assert min(*told, *read) >= 0
