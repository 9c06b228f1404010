"""The kinds of steps: each module here is one, found by looking."""

from __future__ import annotations

import importlib
import pkgutil

from ..step import Step


def _found() -> dict[str, Step]:
    modules = (importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    return {module.STEP.kind: module.STEP for module in modules}


STEPS: dict[str, Step] = _found()
