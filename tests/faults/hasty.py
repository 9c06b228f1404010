"""Webhooks and mail as ever, in a hurry: short waits between tries, little patience, and one message that kills."""

import os
import signal
import ssl

from channels_delivery.backend import Outlet
from channels_delivery.backends.email import Email
from channels_delivery.backends.webhook import Webhook
from channels_delivery.outbound import site
from channels_delivery.outbound.aio import Outbound
from channels_delivery.outbound.kept import Kept
from channels_delivery.outbound.names import Lookup
from channels_delivery.outcome import Outcome
from channels_delivery.parcel import Parcel
from channels_delivery.retry import RetryPolicy

DEADLINE = 1.0
POISON = "poison"


class Hasty(Webhook):
    policy = RetryPolicy((0.2, 0.2, 0.3, 0.3, 0.4, 0.4))

    async def send(self, parcel: Parcel, outlet: Outlet, *, deadline: float) -> Outcome:
        if parcel.parts["body"] == POISON:
            os.kill(os.getpid(), signal.SIGKILL)
        return await super().send(parcel, outlet, deadline=min(deadline, DEADLINE))


class Nameless(Hasty):
    """The same with a name server of the test's."""

    lookup: Lookup

    def __init__(self) -> None:
        super().__init__()
        self._out = _Looked(self)


class _Looked(Kept):
    def __init__(self, backend: Nameless) -> None:
        super().__init__()
        self._backend = backend

    def make(self) -> Outbound:
        return Outbound(site.rules(), lookup=self._backend.lookup, tls=ssl.create_default_context())


class HastyMail(Email):
    policy = Hasty.policy


BACKEND = Hasty()
MAIL = HastyMail()
NAMELESS = Nameless()
