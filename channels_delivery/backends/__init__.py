"""The backends: each module here with a `BACKEND`, the site's own from a setting, and those of installed packages.

A module whose package is not installed has None for it, and names in `EXTRA` what brings it; its kind is not offered.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from django.utils.module_loading import import_string

from notifications.kinds import Kind

from ..backend import Backend
from ..conf import conf

GROUP = "notifyhub.backends"


def backends() -> dict[str, Backend]:
    """Every backend by kind. The site's setting comes before an entry point, and both before ours."""
    return _of(conf().backends)


@cache
def absent() -> dict[str, str]:
    """The kinds of ours whose package is not installed, with the extra of this package that brings it."""
    return {module.__name__.rpartition(".")[2]: module.EXTRA for module in _modules() if module.BACKEND is None}


def channel_kinds() -> Iterable[Kind]:
    """What the backends send, as every app may name it."""
    for backend in backends().values():
        yield Kind(
            backend.kind,
            backend.name,
            personal=backend.personal,
            team=backend.team,
            address=backend.address if backend.personal else "",
            holdable=backend.holdable,
            interrupts=backend.interrupts,
            by_choice=backend.by_choice,
        )


@cache
def _of(paths: tuple[str, ...]) -> dict[str, Backend]:
    ours: list[Backend] = [module.BACKEND for module in _modules() if module.BACKEND is not None]
    others: list[Backend] = [point.load() for point in entry_points(group=GROUP)]
    sites: list[Backend] = [import_string(path) for path in paths]
    return {backend.kind: backend for backend in (*ours, *others, *sites)}


def _modules() -> list[Any]:
    return [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
