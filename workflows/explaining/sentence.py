"""A sentence of an explanation: a code for programs, and words for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from notifications.kernel.local_time import zone_of
from notifications.kinds import Kind
from notifications.models import Recipient

from ..reasons import FAILURES, ITEMS, REASONS, STATES, WAITS

WORDS: Mapping[str, Promise] = {
    # Among the recipients, or not
    "named": _("Was named as a recipient."),
    "everyone": _("Everyone of the tenant was a recipient."),
    "by_topic": _("Follows the topic “%(topic)s”, which was a recipient."),
    "by_topic_inside": _("Follows the topic “%(topic)s”, which lies in one that was a recipient."),
    "by_following": _("Follows “%(target)s”, which this is about."),
    "by_address": _("Their address was named as a recipient."),
    "by_role": _("Has the role “%(role)s”, which was a recipient."),
    "recipient": _("Was among the recipients."),
    "outside": _("Was not among the recipients."),
    "not_named": _("Was not named as a recipient."),
    "not_in_topic": _("Does not follow the topic “%(topic)s”."),
    "not_following": _("Does not follow “%(target)s”, which this is about."),
    "not_that_address": _("Theirs is none of the addresses that were recipients."),
    "not_of_role": _("Does not have the role “%(role)s”."),
    "actor_left_out": _("Did it themselves, and was left out for that."),
    "not_active": _("Is not active, and is told nothing."),
    "foreign": _("Belongs to another tenant, which this run does not concern."),
    "fits_since": _("Fits now, but did not when the recipients were found."),
    "not_found_yet": _("The recipients are still being found; it is not their turn yet."),
    "starts_later": _("The run starts at %(at)s; the recipients are found then."),
    "cancelled_before": _("The run was cancelled before they were found."),
    "failed_before": _("The run failed before they were found."),
    # What happened at a step
    "posted": _("%(channel)s: “%(title)s” was put there."),
    "sent": _("%(channel)s: “%(title)s” was sent."),
    "sent_again": _("%(channel)s: “%(title)s” was sent once more."),
    "nothing_sent": _("%(channel)s: nothing was sent. %(why)s"),
    "remark": _("%(channel)s: %(why)s"),
    "held_until": _("%(channel)s: held until %(until)s. %(why)s"),
    "asked_for": _("%(channel)s: they asked at %(at)s to have it sent at once."),
    "still_held": _("%(channel)s: it is now held until %(until)s. %(why)s"),
    "in_summary": _("%(channel)s: at %(at)s it was sent in one summary with others that had waited: %(count)s."),
    "waits": _("Waits until %(until)s."),
    "under_way": _("It is their turn just now."),
    "passed": _("Went past this step."),
    "other_way": _("Did not come to this step: they were sent another way before."),
    "waited": _("Waited here."),
    "ended_here": _("Ended here. %(why)s"),
    "for_teams": _("%(channel)s: this goes to teams, and not to people."),
    "none_added": _("%(channel)s: this goes to teams, and to people who added a place of their own. They have none."),
    "not_reached": _("Has not come to this step yet."),
    "never_reached": _("Did not come to this step."),
    "walking": _("Is on the way."),
    # What became of an event that went into a digest, and what a digest holds
    "collecting": _("Waits in their digest with all that it holds (%(n)d), until %(until)s."),
    "digest_walking": _("Is in the digest of %(at)s, which holds %(n)d and is on the way."),
    "digest_told": _("Is in the digest of %(at)s, which holds %(n)d and was told."),
    "digest_passed": _("Was in the digest of %(at)s, which holds %(n)d and went into another."),
    "digest_silent": _("Is in the digest of %(at)s, which holds %(n)d and was not told. %(why)s"),
    "digest_ended": _("Is in the digest of %(at)s, which holds %(n)d; nothing comes behind it."),
    "taken_out": _("Was taken out of the digest, because it was cancelled."),
    "digest_forgotten": _("Which digest that was is not on record any more."),
    "carries": _("This is a digest of %(n)d."),
    "carries_event": _("It holds what happened at %(at)s."),
    # What would happen
    "would_send": _("%(channel)s: would be sent at %(at)s."),
    "would_escalate": _("%(channel)s: would be sent at %(at)s, at level %(level)d, if nobody acknowledges before."),
    "would_not_send": _("%(channel)s: nothing would be sent. %(why)s"),
    "would_wait": _("Would wait until %(until)s."),
    "would_go_on": _("Would go past this step."),
    "would_reach_out": _("Would ask somebody else at this step (%(what)s); what follows depends on the answer."),
    "would_be_held": _("%(channel)s: would be held until %(until)s. %(why)s"),
    "would_end": _("Would end here: %(why)s"),
}
"""The frames of sentences. `why` is one of `reasons.py`."""


@dataclass(frozen=True)
class Sentence:
    """`code`: of `WORDS`, or a reason; `step`: the position it is about, empty where it is about the whole. `until`:
    when it goes on; `at`: when it happened. `run`: the transaction id of another run that it leads to. `detail`: more
    words, for whoever runs the tenant."""

    code: str
    text: str
    step: str = ""
    channel: str = ""
    at: datetime | None = None
    until: datetime | None = None
    detail: str = ""
    run: str = ""

    def to_json(self) -> dict[str, Any]:
        times = {"at": self.at and self.at.isoformat(), "until": self.until and self.until.isoformat()}
        return {**self.__dict__, **times}


@dataclass(frozen=True)
class Explanation:
    """`told`: something reached them, or still may. `outside`: they were not among the recipients."""

    sentences: tuple[Sentence, ...]
    told: bool = False
    outside: bool = False

    @property
    def codes(self) -> list[str]:
        return [sentence.code for sentence in self.sentences]

    @property
    def texts(self) -> list[str]:
        return [sentence.text for sentence in self.sentences]

    def without_details(self) -> Explanation:
        """For the person: what broke inside is for whoever runs the tenant."""
        plain = tuple(replace(one, detail="") for one in self.sentences)
        return Explanation(plain, self.told, self.outside)

    def to_json(self) -> dict[str, Any]:
        return {
            "told": self.told,
            "outside": self.outside,
            "sentences": [sentence.to_json() for sentence in self.sentences],
        }


@dataclass(frozen=True)
class Speaker:
    """Says things in the local time of the person they are about."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))

    @classmethod
    def to(cls, recipient: Recipient) -> Speaker:
        return cls(zone_of(recipient.zone, recipient.tenant.zone))

    def say(self, code: str, *, frame: str = "", **given: Any) -> Sentence:
        """The sentence of this code, in the words of `frame` if that is another."""
        kept = {name: given.pop(name) for name in ("step", "at", "until", "detail", "run") if name in given}
        channel = given.pop("kind", "")
        times = {name: self.time(kept[name]) for name in ("at", "until") if kept.get(name)}
        return Sentence(code, str(WORDS[frame or code]) % {**given, **times}, channel=channel, **kept)

    def said(self, code: str, words: Mapping[str, Promise], **given: Any) -> Sentence:
        """A sentence that stands in one of the tables of `reasons.py`."""
        return Sentence(code, str(words.get(code, code.replace("_", " "))), **given)

    def time(self, at: datetime) -> str:
        local = timezone.localtime(at, self.zone)
        return f"{formats.date_format(local, 'DATE_FORMAT')} {formats.time_format(local, 'H:i')}"


def all_codes() -> set[str]:
    """Every code that an explanation may have, reasons and prefixes aside."""
    return {*WORDS, *REASONS, *STATES, *WAITS, *ITEMS, *FAILURES}


def silence_on(kind: Kind) -> str:
    """What is said of a kind on which nobody misses anything."""
    return "none_added" if kind.personal else "for_teams"
