"""A place of somebody's own, as a backend understands what they wrote."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from notifications.kernel.encrypted import EncryptedJSONField

from ..parcel import Parcel

ADDRESS_MAX = 500

_ENCRYPTED = EncryptedJSONField()


@dataclass(frozen=True)
class Place:
    """`address` is shown, and stands in deliveries; `same` tells whether two are the same, where the address does not.
    `secrets` are kept encrypted and handed to the backend with each parcel; `issued` are those that were made for it,
    to be shown once."""

    address: str
    same: str = ""
    origin: str = ""
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False)
    issued: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)


def hidden(url: str) -> str:
    """How a URL that is a credential is shown: by its host, and by so much of its hash that two can be told apart."""
    return f"{urlsplit(url).hostname}/…{hashlib.sha256(url.encode()).hexdigest()[:8]}"


def secrets_of(parcel: Parcel) -> Mapping[str, Any]:
    """The secrets of the place that a parcel goes to; none where it goes to no place of somebody's own. Raises
    ImproperlyConfigured when they were written with a key that is gone."""
    return opened(parcel.slots.get("keys"))


def opened(sealed: str | None) -> Mapping[str, Any]:
    """Secrets as they lie in the slots of a delivery. Raises ImproperlyConfigured."""
    return _ENCRYPTED.from_db_value(sealed) or {} if sealed else {}
