"""One trigger on its way to a row: what the caller wrote, in one spelling, and by what a repeat of it is known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any
from uuid import UUID

from notifications.kernel.clock import LATEST
from notifications.kernel.storable import is_storable
from notifications.targets import Target

from . import audience as audiences
from .audience import Audience, Named
from .call import Trigger
from .chain import Chain
from .definition import Body
from .payload import check_bounds
from .refusals import BadRequest, NotAllowed, UnknownWorkflow


@dataclass
class Draft:
    """`place`: which one of its call it is. What follows `asked` is found out by one check after the other."""

    place: int
    asked: Trigger
    names: list[Named] | None = None
    actor_name: list[Named] = field(default_factory=list)
    hash: str = ""
    body: Body = None  # type: ignore[assignment]
    audience: Audience = audiences.ADMINS
    actor: int | None = None
    target: str = ""
    chain: Chain = ()
    name: UUID | None = None

    def spell(self, *, addresses: bool) -> None:
        """Its words into their one spelling, and the bounds of each. `addresses`: whether it may name mere addresses.
        Raises Refused; UnknownRecipients, InvalidPayload and ValueError, for the target, are not worded yet."""
        _check_words(self.asked)
        check_bounds(self.asked.payload)
        self.names = audiences.spell(self.asked.recipients)
        self.target = "" if self.asked.target is None else str(Target.of(self.asked.target))
        self.actor_name = audiences.spell([self.asked.actor]) or [] if self.asked.actor is not None else []
        if not addresses:
            _refuse_addresses(self.names or ())

    @property
    def repeats(self) -> str:
        """The same for drafts of one call that are to have one answer."""
        return self.asked.idempotency_key or f"\0{self.place}"

    @property
    def transaction_id(self) -> str:
        return self.asked.transaction_id or str(self.name)

    def stored_audience(self) -> dict[str, Any]:
        """With whom to leave out, if anybody."""
        left_out = {} if self.excluded is None else {"without": self.excluded}
        return {**self.audience.to_json(), **left_out}

    @property
    def excluded(self) -> int | None:
        return None if self.asked.include_actor else self.actor

    def fingerprint(self) -> str:
        """The hash of the canonical call: the same words, the same hash, in whichever order people and keys came. It is
        kept for as long as a key counts, so what came later stands only in calls that say it."""
        asked = self.asked
        names = sorted(_text(name) for name in self.names or ())
        at = asked.at and asked.at.astimezone(UTC).isoformat()
        words = [asked.workflow, asked.payload, names, self.actor_name, asked.transaction_id, asked.include_actor, at]
        words += [self.target] if self.target else []
        words += [{"caused_by": asked.caused_by}] if asked.caused_by else []
        return hashlib.sha256(_text(words, separators=(",", ":")).encode()).hexdigest()


def _text(words: Any, **form: Any) -> str:
    """The key of a Django user may be of any type, as a UUID."""
    return json.dumps(words, sort_keys=True, default=str, **form)


def _check_words(asked: Trigger) -> None:
    if not isinstance(asked.workflow, str) or not asked.workflow:
        raise BadRequest("Name the workflow by its key.")
    if not is_storable(asked.workflow):
        raise UnknownWorkflow(f"There is no published workflow {asked.workflow!r}.")
    given = ("idempotency_key", asked.idempotency_key, 255), ("transaction_id", asked.transaction_id, 100)
    for name, value, longest in (*given, ("caused_by", asked.caused_by or None, 100)):
        if value is not None and not (isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()):
            raise BadRequest(f"`{name}` is 1 to {longest} printable characters.")
    in_address = asked.transaction_id
    if in_address is not None and ("/" in in_address or in_address in (".", "..")):
        raise BadRequest("`transaction_id` takes no slash and is not `.` or `..`: it stands in an address.")
    if asked.at is not None and asked.at.tzinfo is None:
        raise BadRequest("`at` needs its offset from UTC.")
    if asked.at is not None and asked.at >= LATEST:
        raise BadRequest("It would start too late.", errors={"at": f"Lies before the year {LATEST.year}."})


def _refuse_addresses(names: Sequence[Named]) -> None:
    """Raises NotAllowed with those that are mere addresses."""
    if found := [str(name["email"]) for name in names if "email" in name]:
        detail = "Addresses as recipients take a key with the scope `addresses`; or name people of the tenant."
        raise NotAllowed(detail, errors=dict.fromkeys(found, "is an address, which this credential may not tell"))
