"""Where providers reach this site: below the address that the site has for people."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse

from ..conf import conf
from ..models import Channel
from ..parcel import Parcel


def report_address(parcel: Parcel) -> str:
    """Where a provider reports what became of this parcel; empty where this site has no address of its own."""
    return _public("callback-delivery", parcel.public_id.hex)


def channel_address(channel: Channel) -> str:
    """Where a provider tells of replies and of any message of this channel: to be entered there by whoever owns it."""
    return _public("callback-channel", channel.public_id.hex)


def _public(name: str, key: str) -> str:
    base = conf().site_url.rstrip("/")
    if not base:
        return ""
    try:
        return base + reverse(name, args=[key])
    except NoReverseMatch:
        return ""
