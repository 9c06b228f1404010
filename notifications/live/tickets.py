"""One-time tickets: got by an authenticated request, good for one socket within half a minute."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

from ..kernel.clock import db_now
from ..kernel.tokens import random_secret, secret_hash
from ..models import SocketTicket
from .credentials import Credential, Identity, Inbox, ended

LIFE = timedelta(seconds=30)


def issue(identity: Identity, *, now: datetime) -> str:
    """A ticket for this identity. Its text is not kept."""
    secret = random_secret()
    held = asdict(identity.credential)
    held["until"] = identity.credential.until and identity.credential.until.isoformat()
    said = {"credential": held, "inboxes": [asdict(one) for one in identity.inboxes]}
    SocketTicket.objects.create(secret_hash=secret_hash(secret), identity=said, expires_at=now + LIFE)
    return secret


def use(secret: str) -> Identity | None:
    """The identity that this ticket was issued for, once; None when it is unknown, used, past its time, or what
    vouched for it does not hold any more."""
    now = db_now()
    mine = SocketTicket.objects.filter(secret_hash=secret_hash(secret), expires_at__gt=now)
    said = mine.values_list("identity", flat=True).first()
    if said is None or not mine.delete()[0]:  # of two who come with one ticket, one deletes it
        return None
    held = said["credential"]
    until = datetime.fromisoformat(held["until"]) if held["until"] else None
    credential = Credential(**{**held, "until": until, "people": tuple(held["people"])})
    inboxes = [Inbox(**one) for one in said["inboxes"]]
    return None if ended([credential]) else Identity(credential, inboxes)


def forget_expired() -> None:
    """For the ticker."""
    SocketTicket.objects.filter(expires_at__lte=db_now()).delete()
