"""Serializers that refuse what they do not know."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class PathName(serializers.CharField):
    """A name that has a route of its own, so it must be able to stand in one: no slash, not `.` or `..`, and none of
    the routes that are `taken` there."""

    default_error_messages = {
        "path": "Takes no slash, and is not `.` or `..`: it stands in a path.",
        "taken": "`{name}` is a route of this API; choose another name.",
    }

    def __init__(self, *, taken: frozenset[str] = frozenset(), **options: Any) -> None:
        super().__init__(**options)
        self._taken = taken

    def to_internal_value(self, data: Any) -> str:
        name: str = super().to_internal_value(data)
        if "/" in name or name in (".", ".."):
            self.fail("path")
        if name in self._taken:
            self.fail("taken", name=name)
        return name


class StrictSerializer(serializers.Serializer[Any]):
    """An unknown field is an error, so that a misspelt one is never silently ignored."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        if unknown:
            known = ", ".join(sorted(self.fields)) or "none"
            raise serializers.ValidationError(dict.fromkeys(unknown, f"Unknown field; known: {known}."))
        return super().to_internal_value(data)
