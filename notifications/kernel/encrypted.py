"""Secrets at rest: a JSON value, encrypted as a whole, with keys that can be rotated."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.db import models

if TYPE_CHECKING:  # only there does it take parameters
    _TextField = models.TextField[Any, Any]
else:
    _TextField = models.TextField


_LACKING = "A secret was written with a key that NOTIFYHUB_ENCRYPTION_KEYS lacks."


class EncryptedJSONField(_TextField):
    """JSON as Fernet text (AES-128-CBC with HMAC-SHA-256). The first of `NOTIFYHUB_ENCRYPTION_KEYS` writes, all read.

    Cannot be searched. Raises ImproperlyConfigured when a value was written with a key that is gone.
    """

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        if not value:
            return None if value is None else {}
        try:
            return json.loads(_box().decrypt(value.encode()))
        except InvalidToken as error:
            raise ImproperlyConfigured(_LACKING) from error

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else _box().encrypt(json.dumps(value).encode()).decode()

    def to_python(self, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value

    def value_to_string(self, obj: models.Model) -> str:
        """Dumps and fixtures get the encrypted form."""
        return self.get_prep_value(self.value_from_object(obj)) or ""


def key_id(key: str) -> str:
    """The short name of a key, to be told in public: the start of its SHA-256."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def written_by(text: str) -> str | None:
    """The id of the key that wrote this, as it is stored; None when none of the list did. A Fernet text does not name
    its key, so each is tried: what is told here is proven."""
    for key in settings.NOTIFYHUB_ENCRYPTION_KEYS:
        try:
            Fernet(key).decrypt(text.encode())
        except InvalidToken:
            continue
        return key_id(key)
    return None


def rewritten(text: str) -> str:
    """The same secret, as it is stored, written by the first key. Raises ImproperlyConfigured as the field does."""
    try:
        return _box().rotate(text.encode()).decode()
    except InvalidToken as error:
        raise ImproperlyConfigured(_LACKING) from error


@cache
def _box() -> MultiFernet:
    keys = getattr(settings, "NOTIFYHUB_ENCRYPTION_KEYS", [])
    if not keys:
        raise ImproperlyConfigured("Set NOTIFYHUB_ENCRYPTION_KEYS to a list of Fernet keys; the first one writes.")
    return MultiFernet([Fernet(key) for key in keys])


def _forget(*, setting: str, **_: Any) -> None:
    if setting == "NOTIFYHUB_ENCRYPTION_KEYS":
        _box.cache_clear()


setting_changed.connect(_forget)
