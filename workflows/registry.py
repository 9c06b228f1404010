"""The static workflows of this process: found in every installed app, checked one by one.

A module that cannot be imported, or a workflow that is wrong, is a problem on record; it never keeps another away.
"""

from __future__ import annotations

import importlib
import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from django.apps import apps
from django.core import checks
from django.utils.module_loading import module_has_submodule

from .define import Category, Workflow
from .flaws import flaws_of, flaws_of_names
from .steps import STEPS

logger = logging.getLogger(__name__)
MODULE = "notification_workflows"


@dataclass(frozen=True)
class Problem:
    """What is wrong, and with what: a workflow's key, a category, or a module's name."""

    subject: str
    message: str


@dataclass
class _Registry:
    workflows: dict[str, Workflow] = field(default_factory=dict)
    categories: dict[str, Category] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    found: dict[str, str] = field(default_factory=dict)
    """In which module each subject stands."""


_registry = _Registry()
_unlisted: dict[str, Callable[[], Workflow]] = {}


@dataclass(frozen=True)
class Stats:
    """How many there are in this process; `steps` by kind."""

    workflows: int
    categories: int
    problems: int
    steps: Mapping[str, int]


def get(key: str) -> Workflow | None:
    """The static workflow of that key, if there is one without a problem."""
    if key in _unlisted:
        return _unlisted[key]()
    return _registry.workflows.get(key)


def keep_unlisted(key: str, declared: Callable[[], Workflow]) -> None:
    """A workflow of our own that has templates like others, and stands in no list, as nobody triggers it."""
    _unlisted[key] = declared


def all_workflows() -> list[Workflow]:
    """Every usable static workflow, by key."""
    return [_registry.workflows[key] for key in sorted(_registry.workflows)]


def categories() -> list[Category]:
    return list(_registry.categories.values())


def problems() -> list[Problem]:
    return list(_registry.problems)


def register(item: Workflow | Category) -> bool:
    """Take it up, replacing one of the same key. False, with the problems on record, when it is not usable."""
    known: dict[str, Any] = _registry.workflows
    subject, found = item.key, list[Problem]()
    if isinstance(item, Category):
        known, subject, found = _registry.categories, _subject(item), list(problems_of_category(item))
    else:
        found = list(problems_of(item))
    _registry.problems[:] = [one for one in _registry.problems if one.subject != subject] + found
    if found:
        known.pop(item.key, None)
        for problem in found:
            logger.error("workflow.refused workflow=%s problem=%s", problem.subject, problem.message)
        return False
    known[item.key] = item
    return True


def unregister(key: str) -> None:
    """Take it out, with what is on record about it."""
    _registry.workflows.pop(key, None)
    _registry.problems[:] = [one for one in _registry.problems if one.subject != key]


def stats() -> Stats:
    kinds = Counter(str(step.get("kind")) for one in all_workflows() for _, step in one.body.walk())
    return Stats(len(_registry.workflows), len(_registry.categories), len(_registry.problems), dict(kinds))


def reload() -> None:
    """Read every module again; what is no longer declared goes. A module that cannot be imported any more is a problem
    on record, and what it declared before stays."""
    before = dict(_registry.found)
    _registry.found.clear()
    discover(anew=True)
    failed = {problem.subject for problem in problems()}
    for subject, module in before.items():
        if module in failed:
            _registry.found[subject] = module
        elif subject not in _registry.found:
            _registry.categories.pop(subject.removeprefix("category "), None)
            unregister(subject)


def discover(*, anew: bool = False) -> None:
    """Import `notification_workflows` of every installed app and register what it declares at module level; `anew`
    where it was imported before, too."""
    for app in apps.get_app_configs():
        if app.module is None or not module_has_submodule(app.module, MODULE):
            continue
        name = f"{app.name}.{MODULE}"
        try:
            if anew:
                sys.modules.pop(name, None)
            module = importlib.import_module(name)
        except Exception as error:  # a host's module may fail in any way, and the others must still be found
            logger.exception("workflow.module_failed module=%s", name)
            problem = Problem(name, f"{type(error).__name__}: {error}")
            _registry.problems[:] = [one for one in _registry.problems if one.subject != name] + [problem]
            continue
        _registry.problems[:] = [one for one in _registry.problems if one.subject != name]
        for item in _declared(module):
            register(item)
            _registry.found[_subject(item) if isinstance(item, Category) else item.key] = name


def _declared(module: ModuleType) -> list[Workflow | Category]:
    return [item for item in vars(module).values() if isinstance(item, Workflow | Category)]


def problems_of_category(category: Category) -> Iterable[Problem]:
    for flaw in flaws_of_names(category.key, category.name):
        yield Problem(_subject(category), flaw.message)


def _subject(category: Category) -> str:
    return f"category {category.key}"


def problems_of(workflow: Workflow) -> Iterable[Problem]:
    """Everything wrong with a declaration."""
    try:
        body = workflow.body
    except TypeError as error:
        yield Problem(workflow.key, f"The payload schema is not usable: {error}")
        return
    for flaw in flaws_of(body, STEPS):
        yield Problem(workflow.key, flaw.message)


def check_registry(**_: Any) -> list[checks.CheckMessage]:
    """`notifyhub.E010` for each workflow or module with a problem."""
    hint = "The others work; mend this one in its notification_workflows.py."
    return [checks.Error(f"{one.subject}: {one.message}", hint=hint, id="notifyhub.E010") for one in problems()]
