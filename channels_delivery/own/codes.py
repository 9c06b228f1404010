"""Codes: six digits that are sent to a place, and said by its owner. The database keeps a keyed hash of each."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from notifications.content import Content

from .. import outbox, routes
from ..backend import Backend, Words
from ..confidential import CODE_NOTICE
from ..endpoints import SOURCE, lane_of
from ..models import Endpoint
from ..outbox import Address, Letter
from ..refusals import TooMany
from ..spending import Charge, spend

DIGITS, TRIES = 6, 5
LIFE, APART = timedelta(minutes=10), timedelta(minutes=1)
"""How long a code is good, and how long it takes until another one can be asked for."""

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OF_PERSON, OF_PLACE, OF_TENANT = (10, 20), (3, 6), 2_000
"""Codes an hour and a day: that one person asks for, and that go to one place, whoever asks. Of a tenant, a day."""


def send(row: Endpoint, backend: Backend, *, now: datetime) -> None:
    """Send another code there; what was sent before is good no more. In the caller's transaction. Raises TooMany."""
    _count(row, now)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    row.code_digest, row.code_until, row.code_tries = _digest(row, code), now + LIFE, TRIES
    row.save(update_fields=["code_digest", "code_until", "code_tries"])
    outbox.enqueue_many([_letter(row, backend, code, now)], now=now)


def use(row: Endpoint, code: str, *, now: datetime) -> bool:
    """Whether this is its code. Each try counts, and the one that is right uses it up. The caller holds the row."""
    if row.code_until is None or row.code_until <= now or row.code_tries < 1:
        return False
    row.code_tries -= 1
    right = constant_time_compare(_digest(row, code), row.code_digest)
    if right:
        row.code_digest, row.code_until, row.code_tries = "", None, 0
    row.save(update_fields=["code_digest", "code_until", "code_tries"])
    return right


def asked_at(row: Endpoint) -> datetime | None:
    """When the code in force was sent."""
    return None if row.code_until is None else row.code_until - LIFE


def _digest(row: Endpoint, code: str) -> str:
    return salted_hmac("notifyhub.own.code", f"{row.public_id.hex}:{code}", algorithm="sha256").hexdigest()


def _count(row: Endpoint, now: datetime) -> None:
    mine, there = f"codes-of {row.recipient_id}", f"codes-to {row.address.casefold()}"
    charges = [
        Charge(mine, 1, OF_PERSON[0], HOUR),
        Charge(mine, 1, OF_PERSON[1], DAY),
        Charge(there, 1, OF_PLACE[0], HOUR),
        Charge(there, 1, OF_PLACE[1], DAY),
        Charge("codes", 1, OF_TENANT, DAY),
    ]
    if full := spend(row.tenant_id, row.kind, charges, now=now):
        told = _("Too many codes were asked for. Try again in an hour.")
        if full.window == DAY:
            told = _("Too many codes were asked for today. Try again tomorrow.")
        raise TooMany(told, code="too_many_codes", retry_after=int(full.window.total_seconds()))


def _letter(row: Endpoint, backend: Backend, code: str, now: datetime) -> Letter:
    route = routes.to_people(row.kind, tenant_id=row.tenant_id, urgent=True)
    tenant = row.tenant.name
    content = Content(
        title=_("%(code)s is your code for %(tenant)s") % {"code": code, "tenant": tenant},
        body=_("Enter it within 10 minutes, and you are told here too. If you did not ask for it, do nothing."),
    )
    words = Words(content, now, key=CODE_NOTICE, payload={"code": code, "endpoint": str(row.public_id)}, tenant=tenant)
    return Letter(
        row.tenant_id,
        row.kind,
        CODE_NOTICE,
        parts=backend.compose(words),
        to=[_receiver(row, backend)],
        way=route.way,
        channel=route.channel,
        origin_step=f"code.{row.public_id.hex}",
        expires_at=now + LIFE,
    )


def _receiver(row: Endpoint, backend: Backend) -> Address:
    slots: dict[str, object] = {"endpoint": row.pk}
    if backend.address == SOURCE:
        slots["keys"] = Endpoint._meta.get_field("secrets").get_prep_value(row.secrets)
    return Address(row.address, row.recipient_id, slots, lane_of(row.kind, row.pk) if backend.by_choice else "")
