"""Every code with which the code says why has words: the sources are read, so that a new one without words is found."""

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

from django.utils.functional import Promise

from channels_delivery.models.delivery import State as DeliveryState
from channels_delivery.outcome import Code
from notifications.models import State as ItemState
from preferences import hours, precedence
from preferences.verdict import Width
from workflows.explaining.sentence import WORDS
from workflows.reasons import FAILURES, ITEMS, REASONS, REMARKS, STATES, WAITS, failure_in_words, in_words

ROOT = Path(__file__).resolve().parents[2]
SAYS = {"Note": 1, "Stop": 0, "Skip": 0, "Drop": 0}
"""Which argument of each is a reason."""


def sources(*apps: str) -> Iterator[ast.Module]:
    for app in apps:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield ast.parse(path.read_text())


Constants = dict[str, set[str]]


def texts(node: ast.AST, constants: Constants) -> Iterator[str]:
    """The texts that an expression may be."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.Name(id=name) if name in constants:
            yield from constants[name]
        case ast.IfExp(body=body, orelse=orelse):
            yield from texts(body, constants)
            yield from texts(orelse, constants)


def constants_of(modules: Sequence[ast.Module]) -> Constants:
    """Names that stand for a text at the top of any of these modules, wherever they are used."""
    found: Constants = {}
    for node in (node for module in modules for node in module.body if isinstance(node, ast.Assign)):
        targets = node.targets[0].elts if isinstance(node.targets[0], ast.Tuple) else node.targets
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        for target, value in zip(targets, values, strict=False):
            if isinstance(target, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
                found.setdefault(target.id, set()).add(value.value)
    return found


def reasons_in_use() -> set[str]:
    found: set[str] = set()
    modules = list(sources("workflows", "preferences"))
    constants = constants_of(modules)
    for module in modules:
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                place = SAYS.get(node.func.id)
                given = node.args[place : place + 1] if place is not None else []
                named = [one.value for one in node.keywords if one.arg == "reason" and node.func.id in SAYS]
                for argument in [*given, *named]:
                    found.update(texts(argument, constants))
            elif isinstance(node, ast.Call):
                named = [one.value for one in node.keywords if one.arg == "reason"]
                if isinstance(node.func, ast.Attribute) and node.func.attr == "create":  # Outcome.objects.create(…)
                    found.update(text for one in named for text in texts(one, constants))
            elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "skipped":
                found.update(texts(node.slice, constants))
    return found


def test_the_search_finds_what_is_there() -> None:
    """Else the next test could not fail."""
    assert reasons_in_use() >= {"done", "cancelled", "crash", "disabled", "no_address", "inactive", "invalid_time"}


def test_every_reason_in_use_has_words() -> None:
    assert reasons_in_use() - set(REASONS) == set()


def test_every_width_of_a_choice_and_every_hour_has_words() -> None:
    assert set(precedence.OFF_BY) == set(Width)
    assert {*precedence.OFF_BY.values(), *hours.REASONS.values(), *hours.EXPIRES.values()} <= set(REASONS)


def test_every_failure_state_and_wait_of_the_outbox_has_words() -> None:
    assert set(get_args(Code)) <= set(FAILURES)
    assert set(DeliveryState.values) == set(STATES)
    assert {state.name.lower() for state in ItemState} - {"active"} <= set(ITEMS)


def test_every_reason_to_wait_in_the_outbox_has_words() -> None:
    found = {"lost"}  # which a statement writes
    for module in sources("channels_delivery"):
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Verdict":
                named = [one.value for one in node.keywords if one.arg == "wait_reason"]
                for argument in [*node.args[4:5], *named]:
                    found.update(texts(argument, {}))

    assert found == set(WAITS)


def test_words_are_translatable_sentences() -> None:
    for table in (REASONS, STATES, WAITS, ITEMS, WORDS, FAILURES):
        assert all(isinstance(words, Promise) for words in table.values())
    assert all(str(words).endswith((".", "%(why)s")) for words in (*REASONS.values(), *WORDS.values()))
    assert set(REASONS) >= REMARKS


def test_a_code_without_words_is_still_said() -> None:
    assert in_words("ran_out_of_luck") == "ran out of luck"
    assert in_words("It says so itself.") == "It says so itself."
    assert failure_in_words("mood", "no") == "mood (no)."
