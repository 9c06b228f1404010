"""The site's own `EMAIL_BACKEND` where that is not Django's SMTP: called through Django's API, in threads of its own.

Opened connections are kept for a while and used by one letter at a time, so one that hangs holds up no other.
"""

from __future__ import annotations

import asyncio
import smtplib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.mail import BadHeaderError, EmailMultiAlternatives, get_connection
from django.utils.translation import gettext as _

from ..outcome import Accepted, Outcome, Permanent, Temporary
from . import headers, replies
from .mime import Letter
from .replies import Reply, Stage
from .server import Sender

AT_ONCE = 8
SOCKET_SECONDS = 25
IDLE = 30.0
"""Seconds after which an unused connection is not used again."""


class SiteMail:
    """For one event loop, so that a child of a fork makes threads of its own. `deliver` blocks nobody but those."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._of = settings.EMAIL_BACKEND
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="notifyhub-mail")
        self._lock = threading.Lock()
        self._kept: list[tuple[float, Any]] = []
        self._closed = False

    def fits(self) -> bool:
        """Whether it is of this loop and of the backend now in force."""
        return self._loop is asyncio.get_running_loop() and self._of == settings.EMAIL_BACKEND

    async def deliver(self, letter: Letter, sender: Sender) -> Outcome:
        return await asyncio.wrap_future(self._threads.submit(self._deliver, letter, sender))

    def close(self) -> None:
        """Let go of everything. What belongs to a loop that is gone is left alone."""
        if self._loop is not asyncio.get_running_loop():
            return
        with self._lock:
            self._closed, kept, self._kept = True, self._kept, []
        self._threads.shutdown(wait=False, cancel_futures=True)
        for _since, connection in kept:
            _close(connection)

    def _deliver(self, letter: Letter, sender: Sender) -> Outcome:
        connection = self._take()
        try:
            connection.open()
            sent = connection.send_messages([message_of(letter, sender)])
        except BadHeaderError:
            _close(connection)
            return Permanent("content", _("A line break stands where none can be."))
        except Exception as error:  # each backend fails in ways of its own
            _close(connection)
            return _failed(error)
        self._give_back(connection)
        # Django counts what was sent; some backends return nothing.
        return Temporary("provider", _("The site's mail backend sent nothing.")) if sent == 0 else Accepted()

    def _take(self) -> Any:
        with self._lock:
            since, kept = self._kept.pop() if self._kept else (0.0, None)
        if kept is not None:
            if time.monotonic() - since < IDLE:
                return kept
            _close(kept)  # its server has closed it by now, or will in a moment
        connection: Any = get_connection(self._of)
        if getattr(connection, "timeout", 0) is None:  # EMAIL_TIMEOUT: without it, a socket may wait for ever
            connection.timeout = SOCKET_SECONDS
        return connection

    def _give_back(self, connection: Any) -> None:
        with self._lock:
            if not self._closed:
                self._kept.append((time.monotonic(), connection))
                return
        _close(connection)


def message_of(letter: Letter, sender: Sender) -> EmailMultiAlternatives:
    """The same letter as SMTP would take. Raises BadHeaderError."""
    if not headers.is_one_line(letter.subject):
        raise BadHeaderError
    name = sender.name.replace("\\", "\\\\").replace('"', '\\"')
    own = {"Message-ID": letter.message_id, "Auto-Submitted": "auto-generated"}
    message = EmailMultiAlternatives(
        subject=letter.subject,
        body=letter.text,
        from_email=f'"{name}" <{letter.sender}>' if name else str(letter.sender),
        to=[str(letter.to)],
        reply_to=[str(letter.reply_to)] if letter.reply_to else None,
        headers=own | letter.list_fields(),
    )
    message.attach_alternative(letter.html, "text/html")
    for one in letter.attachments:
        message.attach(one.filename, one.content, one.safe_type)
    return message


def _failed(error: Exception) -> Outcome:
    secret = settings.EMAIL_HOST_PASSWORD or ""
    words = replies.redacted(f"{type(error).__name__}: {error}", secret)[: replies.EXCERPT]
    match error:
        case smtplib.SMTPRecipientsRefused(recipients=refused) if refused:
            code, text = next(iter(refused.values()))
            return replies.failure(_reply(code, text), Stage.RECIPIENT)
        case smtplib.SMTPAuthenticationError():
            return Temporary("auth", words)
        case smtplib.SMTPSenderRefused():
            return replies.failure(_reply(error.smtp_code, error.smtp_error), Stage.SENDER)
        case smtplib.SMTPDataError():
            return replies.failure(_reply(error.smtp_code, error.smtp_error), Stage.CONTENT)
        case TimeoutError():
            return Temporary("timeout", words)
        case OSError():
            return Temporary("network", words)
        case _:
            return Temporary("provider", words)


def _reply(code: int, text: bytes | str) -> Reply:
    return Reply(code, text.decode("utf-8", "replace") if isinstance(text, bytes) else text)


def _close(connection: Any) -> None:
    with suppress(Exception):
        connection.close()
