"""What may be shown of an address, as the URL of a webhook is often a credential, and of words that may repeat it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote, unquote_plus, urlsplit

SHORT, KEPT = 12, 4
"""A segment of a path that is longer than this is cut to so many characters."""

HIDDEN = "…"

CREDENTIAL_MIN = 8
"""A part of a URL that is shorter is taken for no credential."""

_NAMES = frozenset(
    {
        *(
            "accounts",
            "automations",
            "callback",
            "callbacks",
            "channels",
            "incoming",
            "incomingwebhook",
            "integrations",
        ),
        *("messages", "notifications", "powerautomate", "services", "triggers", "webhookb2", "webhooks", "workflows"),
        *("application/json", "text/plain"),
    }
)
"""Long, and said so often that who reads an answer would miss them."""


def masked(address: str) -> str:
    """A URL without its query, user and long segments of its path; anything else as it is."""
    if "://" not in address:
        return address
    try:
        parts = urlsplit(address)
        host = f"{parts.hostname}:{parts.port}" if parts.port else f"{parts.hostname}"
    except ValueError:
        return HIDDEN
    path = "/".join(one if len(one) <= SHORT else one[:KEPT] + HIDDEN for one in parts.path.split("/"))
    return f"{parts.scheme}://{host}{path}"


def masked_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings for readers who may not change them: URLs masked, and the values of free fields, such as header fields,
    hidden."""
    return {name: _masked(value) for name, value in settings.items()}


def without_credentials(said: str, *credentials: str, least: int = CREDENTIAL_MIN) -> str:
    """What somebody said to us, in which neither these credentials nor any part of them of `least` characters is
    repeated, as it is written or in another spelling. Of a URL of the web, its host is no secret. To be asked before
    the words are cut: half of a credential is not found."""
    parts = {part for one in credentials for part in _parts(one) if len(part) >= least and part.lower() not in _NAMES}
    # Not by one pattern for all: whoever chooses both the credential and the words could have us try for seconds.
    for spelt in sorted({spelt for part in parts for spelt in _spellings(part)}, key=len, reverse=True):
        if len(spelt) >= least:
            said = said.replace(spelt, HIDDEN)
    return said


def _parts(credential: str) -> Iterator[str]:
    scheme, of_url, rest = credential.partition("://")
    if not of_url:
        yield from (credential, credential.removeprefix("whsec_"), *credential.split())
        return
    place, tail = re.fullmatch(r"([^/?#]*)(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]
    user, _at, host = place.rpartition("@")
    path, _mark, query = tail.partition("?")
    values = (one.partition("=")[2] or one for one in re.split("[&#]", query))
    at_home = () if scheme.lower() in {"http", "https"} else (place, host)
    if user or at_home or tail[1:]:
        yield credential
    yield from (tail[1:], path[1:], query)
    for part in (user, *at_home, *path.split("/"), *values):
        yield part
        yield from re.split("[/:;,@=#]", part)


def _spellings(part: str) -> Iterator[str]:
    for one in {form for text in (part, unquote(part), unquote_plus(part)) for form in (text, text.lower())}:
        encoded = quote(one, safe="", errors="replace")
        yield from (one, quote(one, errors="replace"), encoded, re.sub("%..", lambda code: code[0].lower(), encoded))
        yield html.escape(one)
        yield from (json.dumps(one)[1:-1].translate(escapes) for escapes in _IN_JSON)


def _escapes(characters: str, form: str) -> dict[int, str]:
    return {ord(one): f"\\u{ord(one):{form}}" for one in characters}


_IN_JSON: Sequence[Mapping[int, str]] = (
    {},
    {ord("/"): "\\/"},  # PHP
    _escapes("&<>", "04x"),  # Go
    _escapes("&<>+'`", "04X"),  # .NET
)
"""What is escaped beyond need, by who writes it."""


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return dict.fromkeys(value, HIDDEN)
    return [_masked(one) for one in value] if isinstance(value, list) else value
