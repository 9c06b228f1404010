"""What goes wrong on the way out, in a simulation: which messages fail, how often, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from channels_delivery.outcome import Code, Outcome, Permanent, Temporary
from channels_delivery.parcel import Parcel
from channels_delivery.simulated import Sender


@dataclass(frozen=True)
class Failure:
    """Messages on this `channel` (any, if it is empty) to this `person` (anybody and every team, if None) fail the
    first so many `tries`, or for good if that is None. `permanent` ones are not tried again."""

    channel: str = ""
    person: str | None = None
    tries: int | None = None
    code: Code = "network"
    permanent: bool = False

    def meets(self, parcel: Parcel, person: str) -> bool:
        there = self.channel in ("", parcel.kind) and self.person in (None, person)
        return there and (self.tries is None or parcel.attempt <= self.tries)

    def outcome(self) -> Outcome:
        said = "It fails because the simulation says so."
        return Permanent(self.code, said) if self.permanent else Temporary(self.code, said)


def with_failures(sender: Sender, failures: Sequence[Failure], names: Mapping[int, str]) -> Sender:
    """`sender`, but for what one of these failures meets: the first counts. `names`: people by id."""

    def send(parcel: Parcel) -> Outcome:
        person = names.get(parcel.recipient_id or 0, "")
        met = next((one for one in failures if one.meets(parcel, person)), None)
        return met.outcome() if met else sender(parcel)

    return send if failures else sender
