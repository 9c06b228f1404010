"""Mail: one envelope a recipient, by a tenant's SMTP server or by the site's own way.

The address is the recipient's. `parts` are what `compose` gave: `subject`, `text`, `html`. A channel with a `host` is a
server of the tenant's, one with a `provider` leaves by that; without either its letters leave as the site's do. Its
`to` are the addresses of a team. What is filled in for a person, by `slots`: `unsubscribe` and `preferences`, addresses
of the web, and `unsubscribe_mail`, a `mailto:` that does what the first of them does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..backend import Backend, Outlet, Words
from ..blocking import run
from ..conf import conf
from ..mail import attachments, by_provider, headers, setup
from ..mail.addresses import mailbox
from ..mail.conversation import Garbled, Refusal
from ..mail.mime import Letter, written
from ..mail.pool import Pool
from ..mail.replies import Reply, Stage, failure, redacted
from ..mail.server import Sender, Server, has_own_way, sender_of, server_of
from ..mail.site import SiteMail
from ..mail.unsendable import Unsendable
from ..mail.wire import Lost
from ..mail.words import FIELDS, composed, filled, mail_address, web_address
from ..outbound import site
from ..outbound.answer import OutboundError
from ..outbound.outcomes import no_answer
from ..outcome import Accepted, Outcome, Permanent, Temporary
from ..own.place import Place
from ..parcel import Parcel


class Email(Backend):
    kind = "email"
    own = "email"
    name = gettext_lazy("E-mail")
    team = True
    settings_schema = setup.SETTINGS
    secrets_schema = setup.SECRETS
    secrets_go_to = ("host", "port", "provider", "api_url")
    slots = frozenset({"unsubscribe", "unsubscribe_mail", "preferences"})
    template_fields = FIELDS

    def __init__(self) -> None:
        self._pool: Pool | None = None
        self._site: SiteMail | None = None

    def compose(self, words: Words) -> Mapping[str, Any]:
        return composed(words)

    def team_addresses(self, settings: Mapping[str, Any]) -> Sequence[str]:
        return tuple(settings.get("to", ()))

    def serves_people(self, settings: Mapping[str, Any]) -> bool:
        """A list of a team without a server of its own is no way to people."""
        return has_own_way(settings) or not settings.get("to")

    def own_place(self, written: str, settings: Mapping[str, Any], *, way: Mapping[str, Any]) -> Place:
        return Place(str(mailbox(written.strip())))

    def faults(self, settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> Mapping[str, str]:
        return setup.faults(settings, secrets)

    async def send(self, parcel: Parcel, outlet: Outlet, *, deadline: float) -> Outcome:
        until = time.monotonic() + deadline
        try:
            async with asyncio.timeout(deadline):
                sender = sender_of(outlet)
                room = attachments.room(parcel.tenant_id) if parcel.attachments else nullcontext()
                async with room:
                    outcome = await self._by(outlet, parcel, await _letter(parcel, sender), sender, until=until)
        except Unsendable as unsendable:
            outcome = unsendable.outcome
        except TimeoutError:
            outcome = Temporary("timeout", _("The mail server did not answer in time."))
        return outcome if has_own_way(outlet.settings) else _of_site(outcome)

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        own, self._site = self._site, None
        if pool is not None:
            pool.close()
        if own is not None:
            own.close()

    async def _by(self, outlet: Outlet, parcel: Parcel, letter: Letter, sender: Sender, *, until: float) -> Outcome:
        """By the channel's provider, its server, or the site's own way."""
        if not outlet.settings.get("provider"):
            return await self._send(letter, server_of(outlet, parcel.tenant_id), sender)
        left = until - time.monotonic()
        deliver = partial(by_provider.deliver, letter, sender, outlet, delivery=parcel.public_id, seconds=left)
        return await run(f"email:{parcel.tenant_id}", deliver, deadline=left)

    async def _send(self, letter: Letter, server: Server | None, sender: Sender) -> Outcome:
        if server is None:
            return await self._site_mail().deliver(letter, sender)
        data = await _written(letter)
        try:
            reply = await self._hand_over(letter, data, server)
        except Refusal as refusal:
            clean = Reply(refusal.reply.code, redacted(refusal.reply.text, *server.secrets))
            return failure(clean, refusal.stage)
        except Garbled:
            return Temporary("provider", _("The mail server's answer was not understood."))
        except Lost as lost:
            return Temporary("network", str(lost) or _("The mail server ended the connection."))
        except OutboundError as error:
            outcome = no_answer(error)
            return replace(outcome, disable=True) if isinstance(outcome, Permanent) else outcome
        return Accepted(str(Reply(reply.code, redacted(reply.text, *server.secrets))))

    async def _hand_over(self, letter: Letter, data: bytes, server: Server) -> Reply:
        """By a kept connection, or by a new one where that turns out to have ended since it was used last."""
        for fresh in (False, True):
            async with self._connections().conversation(server, fresh=fresh) as (one, kept):
                try:
                    return await one.send(letter.sender, letter.to, data, utf8=letter.utf8)
                except Garbled:
                    raise
                except Lost:
                    if one.said_dot:
                        raise Lost(
                            _("The connection ended before the mail server had answered for the mail.")
                        ) from None
                    if not kept:
                        raise
                except Refusal as refusal:
                    if not kept or refusal.stage is not Stage.SENDER or refusal.reply.code != 421:
                        raise
        raise AssertionError("a fresh connection was kept")

    def _connections(self) -> Pool:
        if self._pool is None or not self._pool.fits():
            old, self._pool = self._pool, Pool(site.mail_rules(), threads=conf().dns_threads)
            if old is not None:
                old.close()
        return self._pool

    def _site_mail(self) -> SiteMail:
        if self._site is None or not self._site.fits():
            old, self._site = self._site, SiteMail()
            if old is not None:
                old.close()
        return self._site


async def _letter(parcel: Parcel, sender: Sender) -> Letter:
    """What goes to this recipient. Raises `Unsendable`."""
    subject = str(parcel.parts.get("subject") or "")
    if not headers.is_one_line(subject):
        raise Unsendable.because("content", _("The subject has to be one line."))
    try:
        to = mailbox(parcel.address)
    except ValueError as error:
        raise Unsendable.because("address", error) from error
    text, html = filled(parcel.parts, parcel.slots)
    files = await asyncio.to_thread(attachments.load, parcel.attachments) if parcel.attachments else []
    return Letter(
        id=parcel.stable_id,
        sender=sender.box,
        sender_name=sender.name,
        to=to,
        subject=subject,
        text=text,
        html=html,
        at=datetime.now(UTC),
        reply_to=sender.reply_to,
        unsubscribe=web_address(parcel.slots.get("unsubscribe")),
        unsubscribe_mail=mail_address(parcel.slots.get("unsubscribe_mail")),
        attachments=files,
    )


async def _written(letter: Letter) -> bytes:
    return await asyncio.to_thread(written, letter) if letter.attachments else written(letter)


def _of_site(outcome: Outcome) -> Outcome:
    """By the site's own way, a fault of the set-up is the operator's to mend, and no channel's to be turned off for."""
    match outcome:
        case Permanent("config" | "auth" as code, detail):
            return Temporary(code, detail)
        case Permanent(disable=True):
            return replace(outcome, disable=False)
        case _:
            return outcome


BACKEND = Email()
