"""The contract of a backend: the code that sends one kind. One module in `backends/` with a `BACKEND`, or a dotted path
in the setting `CHANNELS_DELIVERY["BACKENDS"]`, or an entry point of the group `notifyhub.backends`.

Words come from templates, as a `Content`; markup (MIME, blocks, cards) is made here. A backend composes a message from
words, sends one parcel of it, and says what came of that in the closed set of `outcome.py`. It touches no database:
what it needs of its channel is loaded for a batch at a time and handed in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.utils.functional import Promise

from notifications.content import Content

from .outcome import Outcome
from .own.place import Place
from .parcel import Parcel
from .retry import QUICK, RetryPolicy
from .spending import Charge


@dataclass(frozen=True)
class Outlet:
    """The channel that a parcel leaves by: plain settings, and its secrets in the clear. `id` None: the site's own."""

    id: int | None
    settings: Mapping[str, Any]
    secrets: Mapping[str, Any] = field(repr=False)
    paused: bool = False
    ailing: bool = False
    """Nothing but failures came back of late (`health.py`)."""
    memo: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """Where a backend keeps what it made of settings and secrets, as long as they stay the same."""


@dataclass(frozen=True)
class Words:
    """What a message is made of. `extra` has the further texts of `template_fields`, rendered; empty ones are left
    out. `payload` is what the run was triggered with; of a message to people it is empty."""

    content: Content
    at: datetime
    extra: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    category: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    transaction_id: str = ""
    tenant: str = ""
    critical: bool = False


class Backend(ABC):
    """One kind."""

    kind: str
    name: str | Promise
    personal: bool = True
    """Whether it reaches people, at an address of their own."""
    team: bool = False
    """Whether a channel of it can be told what concerns a whole team."""
    by_choice: bool = False
    """It reaches only people who have added a place of their own for it: no channel is a way to them, each place has
    its own lane, and nobody else misses it."""
    address: str = "email"
    """The field of a recipient that holds their address: `email` or `phone`; `endpoint` where people add their own
    (`endpoints.py`) and the host knows none; empty where it is none of these."""
    policy: RetryPolicy = QUICK
    cap: int = 8
    """How many of one way out are under way at once."""
    rate: float | None = None
    """How many a second start by one way out; None: as many as the cap lets."""
    hidden_address: bool = False
    """Where a channel leads is among its secrets. What goes to its team bears the channel's name as its address."""
    holdable: bool = True
    """Whether it waits out quiet hours."""
    interrupts: bool = False
    """Whether it makes a phone light up."""
    settings_schema: Mapping[str, Any]
    """JSON Schema of a channel's settings."""
    secrets_schema: Mapping[str, Any]
    """JSON Schema of its secrets; written, never read."""
    rotates: str = ""
    """The secret that we make where none is given, and that can be rotated: a list of one or two, the newest first."""
    secrets_go_to: Sequence[str] = ()
    """Settings that say who is told the secrets: where one changes, the secrets have to be written anew."""
    own: Literal["", "email", "phone", "url"] = ""
    """What people may add for it themselves, beside what the host knows of them; empty: nothing. See `own_place`."""
    own_settings: Mapping[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
    """JSON Schema of what they may say beside it."""
    needs_channel: bool = False
    """The site has no way of its own for it."""
    slots: frozenset[str] = frozenset()
    """What it fills in for each receiver, by the name of the slot: see `outbox.Address`."""
    template_fields: Mapping[str, Any] = {}
    """JSON Schema of each text that a template of this kind may have beside those of a `Content`. In one whose
    `contentMediaType` is `text/html` the values of a payload stand escaped."""

    def compose(self, words: Words) -> Mapping[str, Any]:
        """The parts of a message, as they are stored and sent. Pure, and the same for everybody the words are for."""
        raise NotImplementedError(f"{self.kind} cannot be sent by a workflow.")

    def title(self, parts: Mapping[str, Any]) -> str:
        """What the receiver reads first of a message with these parts: for lists and timelines. Pure."""
        return next((str(parts[name]) for name in ("title", "subject", "text", "body") if parts.get(name)), "")

    def measures(self, parts: Mapping[str, Any]) -> Mapping[str, int]:
        """What a message with these parts takes, by names such as `segments`: for whoever writes its words. Pure."""
        return {}

    def team_addresses(self, settings: Mapping[str, Any]) -> Sequence[str]:
        """Where a message to a team goes by a channel with these settings; empty when it is only a way to people."""
        return ()

    def serves_people(self, settings: Mapping[str, Any]) -> bool:
        """Whether a channel with these settings is a way to people, which comes before the site's own."""
        return self.personal and not self.by_choice

    def own_place(self, written: str, settings: Mapping[str, Any], *, way: Mapping[str, Any]) -> Place:
        """Where somebody is reached who wrote this, with settings that fit `own_settings`, by a channel whose settings
        are `way`. Pure. Raises ValueError with words for people."""
        raise NotImplementedError(f"Nobody can add a place of their own for {self.kind}.")

    def faults(self, settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> Mapping[str, str]:
        """What is wrong with a channel beyond its schemas, by field (`settings.host`): for whoever sets it up. May
        look at the site's rules for addresses; never at the network."""
        return {}

    def fresh_secret(self) -> str:
        """A new value of the secret that `rotates`."""
        raise NotImplementedError

    def charges(self, parcel: Parcel, outlet: Outlet) -> Sequence[Charge]:
        """What this parcel is counted against before it leaves (`spending.py`). Pure."""
        return ()

    def may_repeat(self, outlet: Outlet) -> bool:
        """Whether what had no answer is sent again by itself. Not where a receiver may then get it twice and somebody
        pays for both: what the end of its time, or a worker's stop, broke off has failed. Pure."""
        return True

    @abstractmethod
    async def send(self, parcel: Parcel, outlet: Outlet, *, deadline: float) -> Outcome:
        """Send it within `deadline` seconds. Runs on the loop thread; blocking work goes to `asyncio.to_thread`.

        Any exception counts as a temporary `crash`.
        """

    def prepare(self) -> None:
        """Load what sending needs. Called in the process from which workers are forked, so that a new one, also in the
        place of one that was killed, sends at once. Opens nothing."""
        return

    async def close(self) -> None:
        """Let go of kept connections."""
        return
