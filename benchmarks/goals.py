"""One line of the table: a piece of work, what it is held against, the goal, and what came out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Literal

from .harness import Spread
from .why import WHY

Sense = Literal["at least", "at most", "for the record"]


@dataclass(frozen=True, slots=True)
class Line:
    """`key` names the line in `why.py`; `detail` says in absolute figures what the ratio hides."""

    key: str
    work: str
    against: str
    sense: Sense
    goal: float
    result: Spread
    control: Spread | None = None
    unit: str = "×"
    detail: str = ""
    extra: dict[str, float] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        if self.sense == "at least":
            return self.result.median >= self.goal
        return self.sense == "for the record" or self.result.median <= self.goal

    @property
    def verdict(self) -> str:
        if self.sense == "for the record":
            return "–"
        return "met" if self.met else below(self.key)

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "met": self.met, "verdict": self.verdict, "row": self.row()}

    def row(self) -> list[str]:
        """The cells of the Markdown table."""
        sign = {"at least": "≥ ", "at most": "≤ ", "for the record": ""}[self.sense]
        return [
            self.work,
            self.against,
            f"{sign}{self.goal:g} {self.unit}" if self.sense != "for the record" else "–",
            f"**{number(self.result.median)} {self.unit}**" + (f" ({self.detail})" if self.detail else ""),
            f"{number(self.result.low)}–{number(self.result.high)}" if self.result.count > 1 else "–",
            str(self.result.count),
            control_cell(self.control),
            self.verdict,
        ]


def below(key: str) -> str:
    return f"below: {WHY.get(key, 'not explained yet')}"


HEADINGS = ["work", "against", "goal", "result", "IQR", "pairs", "A/A control (IQR)", "verdict"]


def control_cell(control: Spread | None) -> str:
    if control is None or control.count == 0:
        return "–"
    return f"{number(control.median)} ({number(control.low)}–{number(control.high)})"


def number(value: float) -> str:
    """Three significant figures, without an exponent."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
