"""A step amid which something else happens."""

from collections.abc import Callable, Mapping
from typing import Any

from workflows.step import Plan, Scene
from workflows.steps import STEPS


class Interrupted:
    """The step that sends, during whose first plan something else happens."""

    kind, schema = "send", STEPS["send"].schema

    def __init__(self, happens: Callable[[], object]) -> None:
        self._happens = [happens]

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        while self._happens:
            self._happens.pop()()
        return STEPS["send"].plan(settings, scene)
