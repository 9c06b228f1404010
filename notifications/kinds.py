"""The channel kinds there are, so that every app can name them. `inbox` is ours; `channels_delivery` adds those of its
backends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Kind:
    """A medium. `personal`: a message of it goes to a person; `team`: to a channel that a tenant has set up, once a
    run. `address`: the field of a recipient that holds theirs. `holdable`: it waits out quiet hours. `interrupts`: it
    makes a phone light up. `by_choice`: it reaches only people who have added a place of their own for it, and nobody
    else misses it."""

    key: str
    name: str | Promise
    personal: bool = True
    team: bool = False
    address: str = ""
    holdable: bool = True
    interrupts: bool = True
    by_choice: bool = False

    @property
    def for_all(self) -> bool:
        """Whether people who are not told on it have missed something."""
        return self.personal and not self.by_choice


INBOX = Kind("inbox", _("Inbox"), holdable=False, interrupts=False)

_sources: list[Callable[[], Iterable[Kind]]] = []


def add_source(source: Callable[[], Iterable[Kind]]) -> None:
    """Have `kinds()` ask `source` too, once. It is asked anew each time, so that it can obey `override_settings`."""
    if source not in _sources:
        _sources.append(source)


def kinds() -> Mapping[str, Kind]:
    """All that are known, by key."""
    found = {INBOX.key: INBOX}
    for source in _sources:
        found |= {kind.key: kind for kind in source()}
    return found
