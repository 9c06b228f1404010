"""Each mutant still has something to break: code moves on, and one that changes nothing would prove nothing."""

from pathlib import Path

import pytest

from tests.mutants import MUTANTS, Mutant

pytestmark = pytest.mark.once
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_a_mutant_changes_is_there(mutant: Mutant) -> None:
    for files, text, _ in mutant.changes:
        assert any(text in path.read_text() for path in ROOT.glob(files)), (files, text)
