"""Messages that nobody reads here: they bring the code by which a place is proven, so only whoever sits there may see
it. Their words are shown by no page and no API, no answer to them is kept, and they go as soon as nothing of them is
still to be sent.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from .models import Delivery, Message
from .suppression import STOP

CODE_NOTICE = "endpoint.verify"
"""What stands as the workflow of a delivery that brings a code."""


def is_confidential(message: Message) -> bool:
    return message.notice_key == CODE_NOTICE


def in_place_of(said: str) -> str:
    """What is kept in place of what a receiver or provider said of such a message, since it may repeat the code. That
    they objected is kept: they may take it back."""
    if not said:
        return ""
    instead = _("What was answered is not kept: it may repeat the code.")
    return f"{STOP}: {instead}" if said.startswith(STOP) else instead


def forget_words(deliveries: Collection[int], *, now: datetime) -> int:
    """Take the words out of those of such messages by these deliveries (ids) of which nothing is open; how many that
    were. One statement."""
    everything = Delivery.objects.across_tenants()
    still_open = everything.filter(message=OuterRef("pk"), finished_at__isnull=True)
    full = Message.objects.across_tenants().filter(notice_key=CODE_NOTICE, emptied_at__isnull=True)
    ended = full.filter(~Exists(still_open), pk__in=everything.filter(pk__in=deliveries).values("message_id"))
    return ended.update(parts={}, attachments=[], emptied_at=now)
