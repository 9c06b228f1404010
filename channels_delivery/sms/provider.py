"""The contract of an SMS provider: what to post where, and what its answer means. Pure; `backends/sms.py` does the
asking, through the guarded client."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..backend import Outlet
from ..outbound.answer import Answer
from ..outcome import Outcome


@dataclass(frozen=True)
class Text:
    """One message as it leaves. `id` is the same on every try. `report_to` is where the provider says what became of
    it, empty where this site has no address of its own. `life` is in seconds, None without an end."""

    id: str
    to: str
    body: str
    report_to: str = ""
    life: int | None = None


@dataclass(frozen=True)
class Request:
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Provider(ABC):
    name: str
    once: bool
    """Whether it drops what it is given twice under one id. Otherwise what had no answer is never sent again by
    itself: it may have been delivered, and paid for."""
    needs: tuple[str, ...] = ()
    """What a channel has to hold beside what all of them need, by field: `settings.account`."""

    @abstractmethod
    def request(self, text: Text, outlet: Outlet) -> Request:
        """What to post."""

    @abstractmethod
    def outcome(self, answer: Answer, *, now: datetime) -> Outcome:
        """What its answer means. An accepted message's detail begins with the provider's own id of it."""

    def url(self, settings: Mapping[str, Any]) -> str:
        """Where it is asked."""
        return str(settings.get("url", ""))
