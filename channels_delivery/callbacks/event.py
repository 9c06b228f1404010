"""What a provider said, as a value; and the contract of a scheme that checks and reads it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from ..models import Channel, Delivery, Event

WINDOW = timedelta(minutes=5)
"""How old what is signed with its time may be, and how far ahead."""


@dataclass(frozen=True)
class Told:
    """One event. `key` is the provider's own name for it, the same when it is told again. `delivery` is the public id
    of the one that it is about, `address` whose it is. `suppress`: nothing more may be sent there."""

    event: Event
    key: str
    delivery: UUID | None = None
    address: str = ""
    provider_id: str = ""
    detail: str = ""
    suppress: bool = False


@dataclass(frozen=True)
class Heard:
    """A request as it came: `url` as the provider dialled it, names of header fields in lower case, the body raw."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    now: datetime


@dataclass(frozen=True)
class Reply:
    """What is answered, and what was told."""

    told: Sequence[Told] = ()
    body: str = ""
    content_type: str = "text/plain"


class Untrusted(Exception):
    """Nothing shows that this is from the provider, or that it is from now."""


class Scheme(ABC):
    """How the provider of a channel speaks."""

    @abstractmethod
    def read(self, heard: Heard, channel: Channel, delivery: Delivery | None) -> Reply:
        """What was told, of this delivery if the address named one. Raises Untrusted."""
