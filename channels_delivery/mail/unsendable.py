"""A letter that ends before it is sent, as an exception that carries its outcome."""

from __future__ import annotations

from ..outcome import Code, Outcome, Permanent


class Unsendable(Exception):
    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome

    @classmethod
    def because(cls, code: Code, detail: object) -> Unsendable:
        """It would be so at every try."""
        return cls(Permanent(code, str(detail)))

    @classmethod
    def by_this_channel(cls, detail: object) -> Unsendable:
        """Nothing can be, until somebody mends its set-up."""
        return cls(Permanent("config", str(detail), disable=True))
