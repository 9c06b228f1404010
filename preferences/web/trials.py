"""Test buttons on the settings page: a channel each, with what became of the test, or why there can be none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from notifications import trying
from notifications.kernel.clock import db_now
from notifications.kinds import kinds
from notifications.models import Recipient
from notifications.trying import State, Tried

TONES: dict[State, str] = {"arrived": "success", "accepted": "success", "under_way": "info", "failed": "error"}


@dataclass(frozen=True)
class Trial:
    """`obstacle`: why it cannot be tested; `told`: what became of the test that was sent, in the colour `tone`."""

    channel: str
    name: str
    obstacle: str = ""
    told: str = ""
    tone: str = ""
    waits: bool = False


def tried(request: HttpRequest, person: Recipient) -> HttpResponse:
    """Send what a button asks for; the page then shows what becomes of it."""
    asked, known = request.POST.get("channel", ""), trying.channels_of(person)
    test = trying.send(person, set(known) if asked == "all" else {asked}, now=db_now())
    response = redirect(f"{reverse('preferences')}?test={test}#test")
    response.status_code = 303
    return response


def trials(person: Recipient, test: str) -> list[Trial]:
    return [*_trials(person, trying.became(person, named) if (named := _uuid(test)) else {})]


def _trials(person: Recipient, found: dict[str, Tried]) -> Iterator[Trial]:
    for key, obstacle in trying.channels_of(person).items():
        name, became = str(kinds()[key].name), found.get(key)
        if became is not None:
            yield Trial(key, name, "", became.text, TONES.get(became.state, "muted"), became.state == "under_way")
        else:
            yield Trial(key, name, obstacle.text if obstacle else "")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
