"""SMTP, as far as it takes to hand over letters (RFC 5321), with TLS (3207), a sign-in (4954), addresses beyond ASCII
(6531), and several commands at once where the server offers it (2920): two round trips a letter instead of four.
"""

from __future__ import annotations

import re
import socket
from base64 import b64encode
from collections.abc import Awaitable, Callable

from django.utils.translation import gettext as _

from .addresses import Mailbox
from .replies import Reply, Stage
from .server import Server
from .unsendable import Unsendable
from .wire import Lost, Wire

LINES_MAX = 100
_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)


class Refusal(Exception):
    """The server said no."""

    def __init__(self, stage: Stage, reply: Reply) -> None:
        super().__init__(stage, reply.code)
        self.stage = stage
        self.reply = reply


class Conversation:
    """One connection to one server, signed in. `taken` counts the letters that it took."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._offers: dict[str, str] = {}
        self._lines: list[str] = []
        self.taken = 0
        self.idle_since = 0.0
        self.said_dot = False

    @classmethod
    async def begin(cls, server: Server, connect: Callable[[], Awaitable[Wire]]) -> Conversation:
        """Connect, secure and sign in. Raises `Refusal`, `Lost`, `OutboundError` or `Unsendable`."""
        wire = await connect()
        try:
            conversation = cls(wire)
            await conversation._begin(server)
        except BaseException:
            wire.abort()
            raise
        return conversation

    @property
    def usable(self) -> bool:
        return self._wire.quiet

    async def send(self, sender: Mailbox, to: Mailbox, data: bytes, *, utf8: bool) -> Reply:
        """Hand over one letter; the server's answer to it. Raises `Refusal`, after which the connection can be used
        again, `Lost`, after which it cannot, or `Unsendable`. `said_dot` tells whether all of it was sent."""
        self.said_dot = False
        mail = f"MAIL FROM:<{sender}>{self._parameters(len(data), utf8=utf8)}"
        await self._envelope(mail, f"RCPT TO:<{to}>")
        self._wire.write(_stuffed(data), b".\r\n")
        self.said_dot = True
        await self._wire.written()
        reply = await self._reply()
        if reply.code != 250:
            raise Refusal(Stage.CONTENT, reply)
        self.taken += 1
        return reply

    def quit(self) -> None:
        """Take leave, without waiting for a word."""
        if self._wire.quiet:
            self._wire.write(b"QUIT\r\n")
        self._wire.close()

    def abort(self) -> None:
        self._wire.abort()

    # -- the beginning --

    async def _begin(self, server: Server) -> None:
        _expect(await self._reply(), 220, Stage.CONNECT)
        await self._hello()
        if server.security == "starttls" and server.tls is not None:
            if "STARTTLS" not in self._offers:
                raise Unsendable.by_this_channel(_("The server offers no TLS on this port."))
            await self._ask("STARTTLS", 220, Stage.TLS)
            await self._wire.secure(server.tls, server.host)
            await self._hello()
        if server.user:
            await self._sign_in(server.user, server.password)

    async def _hello(self) -> None:
        name = _own_name(self._wire.local_address)
        reply = await self._exchange(f"EHLO {name}")
        if 500 <= reply.code < 600:  # a server of another age
            reply, self._lines = await self._exchange(f"HELO {name}"), []
        _expect(reply, 250, Stage.HELLO)
        self._offers = {word.upper(): rest for word, _, rest in (line.partition(" ") for line in self._lines[1:])}

    async def _sign_in(self, user: str, password: str) -> None:
        ways = self._offers.get("AUTH", "").upper().split()
        if "PLAIN" in ways:
            await self._ask("AUTH PLAIN " + _base64(f"\0{user}\0{password}"), 235, Stage.AUTH)
        elif "LOGIN" in ways:
            await self._ask("AUTH LOGIN", 334, Stage.AUTH)
            await self._ask(_base64(user), 334, Stage.AUTH)
            await self._ask(_base64(password), 235, Stage.AUTH)
        else:
            raise Unsendable.by_this_channel(_("The server offers no sign-in that we know (PLAIN, LOGIN)."))

    # -- a letter --

    def _parameters(self, size: int, *, utf8: bool) -> str:
        limit = self._offers.get("SIZE", "")
        if limit.isdigit() and 0 < int(limit) < size:
            raise Unsendable.because("content", _("The mail is larger than the server takes."))
        if utf8 and "SMTPUTF8" not in self._offers:
            raise Unsendable.because("address", _("The server takes no addresses beyond ASCII."))
        return (f" SIZE={size}" if "SIZE" in self._offers else "") + (" BODY=8BITMIME SMTPUTF8" if utf8 else "")

    async def _envelope(self, mail: str, recipient: str) -> None:
        """Up to the point where the letter itself may follow."""
        asked = ((mail, 250, Stage.SENDER), (recipient, 250, Stage.RECIPIENT), ("DATA", 354, Stage.DATA))
        if "PIPELINING" not in self._offers:
            for command, code, stage in asked:
                reply = await self._exchange(command)
                if not _as_expected(reply, code):
                    await self._forget()
                    raise Refusal(stage, reply)
            return
        self._say("\r\n".join(command for command, _, _ in asked))
        refused, waits = None, False
        for _command, code, stage in asked:
            try:
                reply = await self._reply()
            except Lost:
                raise refused or Lost from None
            waits = reply.code == 354
            if refused is None and not _as_expected(reply, code):
                refused = Refusal(stage, reply)
        if refused is not None:
            await self._forget("." if waits else "")  # it waits for a letter to nobody
            raise refused

    async def _forget(self, first: str = "") -> None:
        """The next letter begins anew. A server that is leaving has nothing more to say."""
        try:
            if first:
                await self._exchange(first)
            if (await self._exchange("RSET")).code != 250:
                self._wire.close()
        except Lost:
            self._wire.close()

    # -- words --

    async def _ask(self, command: str, code: int, stage: Stage) -> Reply:
        return _expect(await self._exchange(command), code, stage)

    async def _exchange(self, command: str) -> Reply:
        self._say(command)
        return await self._reply()

    def _say(self, command: str) -> None:
        self._wire.write(command.encode(), b"\r\n")

    async def _reply(self) -> Reply:
        lines: list[str] = []
        code = b""
        while len(lines) < LINES_MAX:
            match = _LINE.fullmatch(await self._wire.line())
            if match is None or (code and match[1] != code):
                break
            code = match[1]
            lines.append((match[3] or b"").decode("utf-8", "replace").strip())
            if match[2] != b"-":
                self._lines = lines
                return Reply(int(code), " ".join(lines))
        self._wire.abort()
        raise Garbled


class Garbled(Lost):
    """What came was no SMTP."""


def _expect(reply: Reply, code: int, stage: Stage) -> Reply:
    if not _as_expected(reply, code):
        raise Refusal(stage, reply)
    return reply


def _as_expected(reply: Reply, code: int) -> bool:
    """251 and 252 also take a recipient."""
    return reply.code == code or (code == 250 and reply.code in {251, 252})


def _stuffed(data: bytes) -> bytes:
    """A line of the letter that begins with a dot gets one more, so that none of them is the end."""
    return (b"." if data.startswith(b".") else b"") + data.replace(b"\r\n.", b"\r\n..")


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _own_name(address: str) -> str:
    """This machine's name, if it is a full one; else the address that we speak from."""
    name = socket.gethostname()
    if "." in name and name.isascii():
        return name
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
