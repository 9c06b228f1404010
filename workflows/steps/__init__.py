"""The kinds of steps: each module here is one, found by looking."""

from __future__ import annotations

import importlib
import pkgutil

from ..step import Step


def _found() -> dict[str, Step]:
    modules = (importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    return {module.STEP.kind: module.STEP for module in modules}


STEPS: dict[str, Step] = _found()

FOR_TENANTS: dict[str, Step] = {kind: one for kind, one in STEPS.items() if not getattr(one, "static_only", False)}
"""Those that a workflow may have that is not declared in code."""
