"""Every story of the tables, on the virtual clock."""

import importlib
import pkgutil

import pytest

import tests.workflows.scenarios as tables

from .scenario import Scenario

MODULES = [importlib.import_module(f"{tables.__name__}.{one.name}") for one in pkgutil.iter_modules(tables.__path__)]
SCENARIOS: list[Scenario] = [story for module in MODULES for story in getattr(module, "SCENARIOS", ())]


@pytest.mark.django_db
@pytest.mark.parametrize("story", SCENARIOS, ids=lambda story: story.name)
def test_story(story: Scenario) -> None:
    assert story.lines() == list(story.expect)


def test_names_tell_stories_apart() -> None:
    names = [story.name for story in SCENARIOS]

    assert len(set(names)) == len(names) > 20
