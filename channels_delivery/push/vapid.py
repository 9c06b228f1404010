"""Who we are to a push service (VAPID, RFC 8292): a key of this site, and a token for each origin, signed once and used
for half a day."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .spellings import decoded, encoded

LIFE, SPARE = 11 * 3600, 3600
"""Seconds: how long a token counts, and how long before its end another is made. Clocks differ, so it is under 12 h."""

ORIGINS_MAX = 1_000

_SUBJECT = re.compile(r"(?:mailto:[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+|https://[^\s/]+\S*)\Z")


class NoKey(ValueError):
    """The site has no key, or one that is none. The words say what to do."""


@dataclass(frozen=True)
class Pair:
    """A private and a public key, as settings and browsers write them."""

    private: str = field(repr=False)
    public: str


def fresh_pair() -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    return Pair(encoded(key.private_numbers().private_value.to_bytes(32, "big")), _public(key))


class Identity:
    """A key, and what is signed by it. `signed` counts the signatures."""

    def __init__(self, private: str, *, subject: str, clock: Callable[[], float] = time.time) -> None:
        self._key = _read(private)
        if not _SUBJECT.match(subject):
            raise NoKey(
                "VAPID_SUBJECT must say who answers for the messages: mailto:somebody@example.com, or https://…"
            )
        self._subject, self._clock = subject, clock
        self._tokens: dict[str, tuple[float, str]] = {}
        self.public = _public(self._key)
        self.signed = 0

    def authorization(self, origin: str) -> str:
        """The header field for this origin."""
        now = self._clock()
        until, text = self._tokens.get(origin, (0.0, ""))
        if until - now > SPARE:
            return text
        if len(self._tokens) >= ORIGINS_MAX:
            self._tokens.clear()
        text = f"vapid t={self._token(origin, now)},k={self.public}"
        self._tokens[origin] = now + LIFE, text
        return text

    def _token(self, origin: str, now: float) -> str:
        self.signed += 1
        claims = {"aud": origin, "exp": int(now + LIFE), "sub": self._subject}
        said = ".".join(encoded(json.dumps(one).encode()) for one in ({"typ": "JWT", "alg": "ES256"}, claims))
        r, s = decode_dss_signature(self._key.sign(said.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{said}.{encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def identity_of(private: str, subject: str) -> Identity:
    """The identity of these settings, kept as long as they stay the same. Raises NoKey."""
    global _last
    if _last is None or _last[0] != (private, subject):
        _last = (private, subject), Identity(private, subject=subject)
    return _last[1]


_last: tuple[tuple[str, str], Identity] | None = None


def _read(private: str) -> ec.EllipticCurvePrivateKey:
    if not private:
        raise NoKey("There is no VAPID key: make one with manage.py notifyhub_vapid.")
    try:
        number = decoded(private)
        if len(number) != 32:
            raise ValueError("not 32 bytes")
        return ec.derive_private_key(int.from_bytes(number, "big"), ec.SECP256R1())
    except ValueError as error:
        raise NoKey("VAPID_PRIVATE_KEY must be 43 characters, as manage.py notifyhub_vapid prints them.") from error


def _public(key: ec.EllipticCurvePrivateKey) -> str:
    return encoded(key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
