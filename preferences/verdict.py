"""What is asked, and the closed set of answers: send, skip, or hold until; each with the rule that decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Width(StrEnum):
    """How much a choice, a default or a lock speaks of, the narrowest first."""

    WORKFLOW_CHANNEL = "workflow_channel"
    WORKFLOW = "workflow"
    CATEGORY_CHANNEL = "category_channel"
    CATEGORY = "category"
    CHANNEL = "channel"
    EVERYTHING = "everything"

    @classmethod
    def of(cls, *, workflow: str, category: str, kind: str) -> Width:
        """That of something that names these; what is empty is any."""
        if workflow:
            return cls.WORKFLOW_CHANNEL if kind else cls.WORKFLOW
        if category:
            return cls.CATEGORY_CHANNEL if kind else cls.CATEGORY
        return cls.CHANNEL if kind else cls.EVERYTHING


class Rule(StrEnum):
    """The rules, in the order in which they are asked. Of those down to `nothing`, the first that matches decides
    whether; the others decide when. `longest_hold`: it has waited for as long as anything may."""

    NO_ADDRESS = "no_address"
    SUPPRESSED = "suppressed"
    CRITICAL = "critical"
    LOCK = "lock"
    CHOICE = "choice"
    TENANT_DEFAULT = "tenant_default"
    WORKFLOW_DEFAULT = "workflow_default"
    NOTHING = "nothing"
    SNOOZE = "snooze"
    QUIET_HOURS = "quiet_hours"
    DIGEST = "digest"
    SEND_WINDOW = "send_window"
    LONGEST_HOLD = "longest_hold"


@dataclass(frozen=True)
class Why:
    """The rule that decided, and how wide what decided was, where it has a width. `nothing`: nobody said anything."""

    rule: Rule
    width: Width | None = None


NOBODY_SAID = Why(Rule.NOTHING)


@dataclass(frozen=True)
class Subject:
    """What is to be sent: its workflow, category and channel kind, and from when on it is of no use any more. `default`
    is what the workflow itself says of people who said nothing; None, too, is yes. `suppressed` are those who must not
    be reached on this kind whatever anybody says (their address is on the suppression list, their consent is gone), as
    far as whoever asks knows; the outbox looks for itself, right before anything leaves."""

    workflow: str
    category: str
    kind: str
    critical: bool = False
    expires_at: datetime | None = None
    default: bool | None = None
    suppressed: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Send:
    """Go ahead. All that are equal are the same decision, whatever rule led to it."""

    why: Why = field(default=NOBODY_SAID, compare=False)


@dataclass(frozen=True)
class Skip:
    """Not to this person; `reason` is a code that explain turns into a sentence."""

    reason: str
    detail: str = ""
    why: Why = field(default=NOBODY_SAID, compare=False)


@dataclass(frozen=True)
class Hold:
    """Yes, but not before `until`: the message is kept and decided again then; the person walks on. `until` is the
    exact instant, the same for everybody with these settings; each message leaves a little after it
    (`preferences.spread.release_at`). `reason` is a code as in `Skip`."""

    until: datetime
    reason: str
    why: Why = field(default=NOBODY_SAID, compare=False)


Decision = Send | Skip | Hold
SEND = Send()
