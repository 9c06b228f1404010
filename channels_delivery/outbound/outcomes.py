"""What it means for a delivery that there was no answer."""

from __future__ import annotations

from ..outcome import Outcome, Permanent, Temporary
from .answer import Code, OutboundError


def no_answer(error: OutboundError) -> Outcome:
    """In the words that a tenant may read: they tell nothing of our network."""
    match error.code:
        case Code.REFUSED | Code.TLS:
            return Permanent("config", error.outside)
        case Code.TIMEOUT:
            return Temporary("timeout", error.outside)
        case Code.DNS | Code.NETWORK:
            return Temporary("network", error.outside)
        case Code.TOO_LARGE | Code.PROTOCOL:
            return Temporary("provider", error.outside)
