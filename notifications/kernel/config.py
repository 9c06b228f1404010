"""Typed sections of the one setting, `NOTIFYHUB`: defaults in code, overrides in the site, mistakes as checks."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from django.conf import settings
from django.core import checks
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

T = TypeVar("T")
SECTIONS: dict[str, type[Any]] = {}
SWITCHES = {"ENABLED", "TENANT_RESOLVER", "ADMIN_BASE_CLASS"}


def section(name: str, defaults: type[T]) -> Callable[[], T]:
    """Register a frozen dataclass as the section `NOTIFYHUB[name]`; the answer reads it, overrides applied.

    Field names are the setting's keys in lower case; a list is read as a tuple. The reading is cached and dropped
    when settings change.
    """
    SECTIONS[name] = defaults

    @cache
    def read() -> T:
        given = _site().get(name, {})
        known = {field.name for field in fields(defaults)}  # type: ignore[arg-type]
        return defaults(**{key.lower(): _frozen(value) for key, value in given.items() if key.lower() in known})

    def forget(*, setting: str, **_: Any) -> None:
        if setting == "NOTIFYHUB":
            read.cache_clear()

    setting_changed.connect(forget, weak=False)
    return read


def enabled() -> bool:
    """The one switch that turns all sending off."""
    return bool(_site().get("ENABLED", True))


def switch(name: str) -> Any:
    """A top-level key of `NOTIFYHUB`, or None."""
    return _site().get(name)


def check_setting(**_: Any) -> list[checks.CheckMessage]:
    """`notifyhub.W001` for keys nobody reads (with the nearest known one), `notifyhub.E001` for wrong types."""
    found: list[checks.CheckMessage] = []
    known_top = SWITCHES | set(SECTIONS) | {"NOTIFICATIONS", "PREFERENCES", "CHANNELS_DELIVERY", "WORKFLOWS"}
    for key, value in _site().items():
        if key not in known_top:
            found.append(_unknown(f"NOTIFYHUB[{key!r}]", key, known_top))
        elif key in SECTIONS and not isinstance(value, dict):
            message = f"NOTIFYHUB[{key!r}] is {value!r}."
            found.append(checks.Error(message, hint="Give it a dict of settings.", id="notifyhub.E001"))
        elif key in SECTIONS:
            types = {field.name.upper(): field.type for field in fields(SECTIONS[key])}
            kinds = get_type_hints(SECTIONS[key])
            for inner, given in value.items():
                if inner not in types:
                    found.append(_unknown(f"NOTIFYHUB[{key!r}][{inner!r}]", inner, set(types)))
                elif not _fits(given, kinds[inner.lower()]):
                    hint = f"Give it a value of type {types[inner]}."
                    message = f"NOTIFYHUB[{key!r}][{inner!r}] is {given!r}."
                    found.append(checks.Error(message, hint=hint, id="notifyhub.E001"))
    return found


def _fits(value: Any, kind: Any) -> bool:
    """Whether `value` is of the annotated type: exactly, but a list does for a tuple and an int for a float."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        return any(_fits(value, one) for one in inner)
    if origin is tuple:  # of one type and any length: the only tuples that settings have
        return isinstance(value, list | tuple) and all(_fits(one, inner[0]) for one in value)
    if kind is float:
        return type(value) in {int, float}
    return type(value) is (origin or kind)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _site() -> dict[str, Any]:
    return getattr(settings, "NOTIFYHUB", {})


def _unknown(where: str, key: str, known: set[str]) -> checks.Warning:
    near = difflib.get_close_matches(key.upper(), known, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(sorted(known))}."
    return checks.Warning(f"{where} is not a setting that notifyhub reads.", hint=hint, id="notifyhub.W001")


def check_callable(section: str, key: str, *, id: str) -> list[checks.CheckMessage]:  # noqa: A002 - as Django calls it
    """An error by this id if `NOTIFYHUB[section][key]` is a dotted path without a callable. Empty is fine."""
    path = _site().get(section, {}).get(key, "")
    try:
        if not path or callable(import_string(path)):
            return []
        problem = "is not callable"
    except (ImportError, AttributeError) as error:
        problem = f"cannot be imported ({error})"
    hint = "Give the dotted path of a callable, or nothing."
    return [checks.Error(f"NOTIFYHUB[{section!r}][{key!r}] is {path!r}, which {problem}.", hint=hint, id=id)]
