"""What one person has said, as a value: read, shown as JSON, told apart by its ETag, and edited. Pure, but for the
reading."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from notifications.models import Recipient

from .models import Choice, Habits


@dataclass(frozen=True, order=True)
class Wish:
    """Yes or no to a width: see `models.Choice`."""

    workflow: str = ""
    category: str = ""
    channel: str = ""
    wanted: bool = True

    @property
    def named(self) -> tuple[str, str, str]:
        return self.workflow, self.category, self.channel

    def to_json(self) -> dict[str, Any]:
        return {"channel": self.channel, "category": self.category, "workflow": self.workflow, "wanted": self.wanted}


@dataclass(frozen=True)
class Preferences:
    """Everything that a person may say. None (or "" for a text) is left to the tenant, and then to us."""

    zone: str = ""
    choices: tuple[Wish, ...] = ()
    quiet_hours: Sequence[Mapping[str, Any]] | None = None
    send_windows: Sequence[Mapping[str, Any]] | None = None
    frequencies: Mapping[str, str] | None = None
    digest_at: str = ""
    digest_day: int | None = None
    summaries: bool | None = None
    snooze_until: datetime | None = None
    policies: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        said = {one.name: getattr(self, one.name) for one in fields(self)}
        until = None if self.snooze_until is None else self.snooze_until.isoformat().replace("+00:00", "Z")
        return said | {"choices": [wish.to_json() for wish in self.choices], "snooze_until": until}

    def etag(self) -> str:
        """The same for the same content, whoever asks."""
        canonical = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))
        return f'"{hashlib.sha256(canonical.encode()).hexdigest()[:32]}"'

    def edited(self, said: Mapping[str, Any]) -> Preferences:
        """With these fields as given. Of `choices` (in the shape of the JSON) each replaces what was said of its width;
        one with `wanted` None takes it back."""
        named = {wish.named: wish for wish in self.choices}
        for one in said.get("choices", ()):
            wish = Wish(one.get("workflow", ""), one.get("category", ""), one.get("channel", ""), bool(one["wanted"]))
            named[wish.named] = wish
            if one["wanted"] is None:
                del named[wish.named]
        others = {name: value for name, value in said.items() if name != "choices"}
        return replace(self, choices=tuple(sorted(named.values())), **others)


TIMES = (
    "quiet_hours",
    "send_windows",
    "frequencies",
    "digest_at",
    "digest_day",
    "summaries",
    "snooze_until",
    "policies",
)
"""The fields that `Habits` keeps."""


def preferences_of(person: Recipient) -> Preferences:
    """What this person has said. Two queries."""
    rows = Choice.objects.filter(tenant=person.tenant_id, recipient=person)
    chosen = rows.values_list("workflow", "category", "kind", "wanted")
    habits = Habits.objects.filter(tenant=person.tenant_id, recipient=person).values(*TIMES).first() or {}
    return Preferences(zone=person.zone, choices=tuple(sorted(Wish(*one) for one in chosen)), **habits)


def differences(before: Preferences, after: Preferences) -> list[dict[str, Any]]:
    """What is not the same, each as `{"what", "before", "after"}`, plain JSON; a choice under the width it is about."""
    old, new = before.to_json(), after.to_json()
    found = [
        {"what": name, "before": old[name], "after": new[name]}
        for name in old
        if name != "choices" and old[name] != new[name]
    ]
    had = {wish.named: wish.wanted for wish in before.choices}
    has = {wish.named: wish.wanted for wish in after.choices}
    for named in sorted(had.keys() | has.keys()):
        if had.get(named) != has.get(named):
            width = dict(zip(("workflow", "category", "channel"), named, strict=True))
            found.append({"what": "choice", **width, "before": had.get(named), "after": has.get(named)})
    return found
