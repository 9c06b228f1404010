"""A trigger as it is asked for, and its answer: the values on both sides of the front door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

BULK_MAX = 1_000


@dataclass(frozen=True)
class Trigger:
    """One call, as it was asked for. `recipients` None or empty means the tenant's owners and admins. `target`: the
    object that it is about. `caused_by`: the transaction id of the run because of which this happened."""

    workflow: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    recipients: Sequence[Any] | None = None
    actor: Any = None
    idempotency_key: str | None = None
    transaction_id: str | None = None
    at: datetime | None = None
    include_actor: bool = False
    target: Any = None
    caused_by: str | None = None


@dataclass(frozen=True)
class Triggered:
    """The answer. `recipients` says what was understood; `duplicate` that this is an earlier call's answer again."""

    transaction_id: str
    run: UUID
    status: str
    recipients: Mapping[str, Any]
    duplicate: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "transaction_id": self.transaction_id,
            "run": str(self.run),
            "status": self.status,
            "recipients": dict(self.recipients),
            "duplicate": self.duplicate,
        }
