"""The links of each receiver: to their settings, and to unsubscribe where they may. They fill the slots of a message,
so that the words stay one for everybody. In memory; nobody is asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from channels_delivery.composing import slots_of
from channels_delivery.conf import conf
from preferences.decision import Rule, Subject
from preferences.unsubscribe.links import SETTINGS, links_of, settings_link

Slots = Mapping[str, str]

BOUND = frozenset({Rule.CRITICAL, Rule.LOCK})
"""Rules by which somebody gets what they might have switched off: there is nothing to unsubscribe from."""


def slots_for(
    recipients: Collection[int], about: Subject, *, tenant_id: int, bound: Collection[int] = ()
) -> dict[int, Slots]:
    """By recipient. `bound` are those who get it whatever they chose; nobody can unsubscribe from what is critical.
    Empty for a channel that has no place for links, and where the site has not said where its pages are."""
    site, slots = conf().site_url, slots_of(about.kind)
    if not site or not slots:
        return {}
    common = {SETTINGS: link} if SETTINGS in slots and (link := settings_link(site)) else {}
    links = links_of(
        () if about.critical else [one for one in recipients if one not in bound],
        tenant_id=tenant_id,
        kind=about.kind,
        category=about.category,
        workflow=about.workflow,
        site=site,
    )
    return {one: {**common, **links.get(one, {})} for one in recipients}
