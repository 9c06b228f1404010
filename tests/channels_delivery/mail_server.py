"""A mail server on this machine: aiosmtpd, which keeps what it gets and answers by a script.

    with MailServer() as server:
        server.says("rcpt", "451 4.2.1 not now", about="bob@acme.example")

Stages: `connect`, `ehlo`, `starttls`, `auth`, `mail`, `rcpt`, `data` (the command), `content` (after the final dot),
`rset`. Beside answers, a script can hold `HANG` and `DROP`, which are done in place of one.
"""

import asyncio
import contextlib
import logging
import ssl
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTPUTF8 as PARSED
from typing import Any, Self, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

logging.getLogger("mail.log").setLevel(logging.ERROR)  # it tells every line
HANG, DROP = "hang", "drop"


@dataclass(frozen=True)
class Got:
    """A letter that was taken. `data` is what came between DATA and the dot, with the dots of lines as they were
    written; `connection` counts from 1; `user` has signed in."""

    mail_from: str
    rcpt_tos: list[str]
    data: bytes
    connection: int
    tls: bool
    user: str | None

    @property
    def head(self) -> list[str]:
        """The raw lines of the header, still folded."""
        return self.data.split(b"\r\n\r\n", 1)[0].decode().split("\r\n")

    @property
    def message(self) -> EmailMessage:
        return cast(EmailMessage, BytesParser(policy=PARSED).parsebytes(self.data))


class MailServer:
    """`tls`: the server's context, for STARTTLS or, with `implicit`, from the first byte on. `users`: passwords by
    name; who did not sign in may then send nothing."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        users: Mapping[str, str] | None = None,
        pipelining: bool = False,
        utf8: bool = True,
        size: int = 40 * 1024 * 1024,
    ) -> None:
        self.got: list[Got] = []
        self.connections = 0
        self.open = 0
        self.commands: Counter[str] = Counter()
        self._given: dict[str, Any] = {"tls": tls, "implicit": implicit, "users": users or {}}
        self._given |= {"pipelining": pipelining, "utf8": utf8, "size": size}
        self._scripts: dict[tuple[str, str], list[str]] = {}
        self._always: dict[tuple[str, str], str] = {}
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._sessions: set[Any] = set()

    def says(self, stage: str, *answers: str, about: str = "") -> None:
        """Answer the next ones like this; where the stage knows an address, those about that address alone."""
        self._scripts.setdefault((stage, about), []).extend(answers)

    def always_says(self, stage: str, answer: str, *, about: str = "") -> None:
        self._always[stage, about] = answer

    def let_go(self) -> None:
        """No script any more."""
        self._scripts.clear()
        self._always.clear()

    @property
    def ids(self) -> list[str]:
        """The Message-ID of each letter that was taken."""
        return [str(one.message["Message-ID"]) for one in self.got]

    @property
    def recipients(self) -> list[str]:
        return [address for one in self.got for address in one.rcpt_tos]

    @property
    def origin(self) -> str:
        """As `ALLOW_ORIGINS` names it."""
        return f"smtp://127.0.0.1:{self.port}"

    def drop_all(self) -> None:
        """Close every connection, as a server does that restarts."""
        asyncio.run_coroutine_threadsafe(self._drop_all(), self._loop).result(5)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(5)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        given = self._given
        context = given["tls"] if given["implicit"] else None
        return await self._loop.create_server(lambda: _Talk(self, **given), "127.0.0.1", 0, ssl=context)

    async def _stop(self) -> None:
        self._ended.set()
        self._server.close()
        await self._drop_all()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _drop_all(self) -> None:
        for session in list(self._sessions):
            if session.transport is not None:
                session.transport.close()
        while any(session.transport is not None for session in self._sessions):
            await asyncio.sleep(0)

    # -- for a talk --

    async def answer(self, talk: Any, stage: str, about: str = "") -> str | None:
        """What the script says here, if anything."""
        self.commands[stage] += 1
        key = (stage, about) if self._scripts.get((stage, about)) else (stage, "")
        told = self._scripts[key].pop(0) if self._scripts.get(key) else None
        told = told or self._always.get((stage, about)) or self._always.get((stage, ""))
        if told == HANG:
            await self._ended.wait()
        if told in {HANG, DROP}:
            talk.transport.abort()
            await asyncio.sleep(3600)  # cancelled by the end of the connection
        return told


class _Handler:
    def __init__(self, server: MailServer, *, pipelining: bool) -> None:
        self.server, self.pipelining = server, pipelining

    async def handle_EHLO(
        self, talk: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        if told := await self.server.answer(talk, "ehlo"):
            return [told]
        return [*responses[:-1], "250-PIPELINING", responses[-1]] if self.pipelining else responses

    async def handle_MAIL(
        self, talk: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if told := await self.server.answer(talk, "mail", address):
            return told
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, talk: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if (told := await self.server.answer(talk, "rcpt", address)) and not told.startswith("2"):
            return told
        envelope.rcpt_tos.append(address)
        return told or "250 2.1.5 OK"

    async def handle_RSET(self, talk: SMTP, session: Session, envelope: Envelope) -> str:
        return await self.server.answer(talk, "rset") or "250 OK"

    async def handle_DATA(self, talk: Any, session: Session, envelope: Envelope) -> str:
        user = session.auth_data.login.decode() if session.auth_data else None
        content = envelope.original_content or b""
        taken = Got(str(envelope.mail_from), envelope.rcpt_tos, content, talk.number, session.ssl is not None, user)
        told = await self.server.answer(talk, "content", envelope.rcpt_tos[0])
        if told is None or told.startswith("2"):
            self.server.got.append(taken)
        return told or "250 2.0.0 queued"


class _Talk(SMTP):
    """One connection."""

    def __init__(
        self,
        server: MailServer,
        *,
        tls: ssl.SSLContext | None,
        implicit: bool,
        users: Mapping[str, str],
        pipelining: bool,
        utf8: bool,
        size: int,
    ) -> None:
        self.mail, self.number = server, 0
        super().__init__(
            _Handler(server, pipelining=pipelining),
            hostname="mail.test",
            ident="ESMTP",
            data_size_limit=size,
            enable_SMTPUTF8=utf8,
            tls_context=None if implicit else tls,
            auth_required=bool(users),
            auth_require_tls=not implicit and tls is not None,
            authenticator=lambda *given: _authenticated(given, users) if users else None,
            loop=server._loop,
        )

    def connection_made(self, transport: Any) -> None:
        if self.number == 0:  # again after STARTTLS
            self.mail.connections += 1
            self.mail.open += 1
            self.mail._sessions.add(self)
            self.number = self.mail.connections
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        with contextlib.suppress(Exception):
            super().connection_lost(error)
        self.transport = None
        self.mail.open -= 1
        self.mail._sessions.discard(self)

    async def push(self, status: Any) -> None:
        """The greeting is nobody's answer, so the script is asked here."""
        if isinstance(status, str) and status.startswith("220 mail.test"):
            status = await self.mail.answer(self, "connect") or status
        await super().push(status)

    async def smtp_STARTTLS(self, arg: str) -> None:
        if told := await self.mail.answer(self, "starttls"):
            await self.push(told)
            return
        await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:
        if told := await self.mail.answer(self, "auth"):
            await self.push(told)
            return
        await super().smtp_AUTH(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if told := await self.mail.answer(self, "data"):
            await self.push(told)
            return
        await super().smtp_DATA(arg)


def _authenticated(given: tuple[Any, ...], users: Mapping[str, str]) -> AuthResult:
    login = given[4]
    assert isinstance(login, LoginPassword)
    known = users.get(login.login.decode()) == login.password.decode()
    return AuthResult(success=known, auth_data=login)
