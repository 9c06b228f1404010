"""The links of a set of people: what stands at the foot of a mail, and in its header."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote, urljoin

from django.urls import NoReverseMatch, reverse

from ..conf import conf
from .scope import Scope
from .tokens import tokens_of

UNSUBSCRIBE, BY_MAIL, SETTINGS = "unsubscribe", "unsubscribe_mail", "preferences"
"""The slots that are filled: the page of a link, the address of a mail that does the same, the page of all settings."""

_PLACE = "TOKEN"


def settings_link(site: str) -> str:
    """The page with all settings, of a site whose pages are at `site`; nothing where it has none."""
    return _page("preferences", site)


def links_of(
    recipients: Iterable[int], *, tenant_id: int, kind: str, category: str, workflow: str, site: str
) -> dict[int, Mapping[str, str]]:
    """For each of these people what fills the slots of a message that they may unsubscribe from: of its category, or of
    its workflow where it has none. Asks nobody. Empty where the site has no such page."""
    page = _page("unsubscribe", site, _PLACE)
    if not page:
        return {}
    scope = Scope(tenant_id, 0, kind, category=category, workflow="" if category else workflow)
    before, after = page.rsplit(_PLACE, 1)
    mailbox = conf().unsubscribe_mailto
    found: dict[int, Mapping[str, str]] = {}
    for recipient, token in tokens_of(scope, recipients):
        found[recipient] = {UNSUBSCRIBE: f"{before}{token}{after}"}
        if mailbox:
            found[recipient] = {**found[recipient], BY_MAIL: f"mailto:{quote(mailbox, safe='@')}?subject={token}"}
    return found


def _page(name: str, site: str, *arguments: str) -> str:
    """By its whole address. Nothing where the site has not said where it is, or left the page out."""
    try:
        return urljoin(site, reverse(name, args=arguments)) if site else ""
    except NoReverseMatch:
        return ""
