"""A client as a browser would be: with a session's cookie, an origin, and an eye on the frames."""

import json
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.test import Client
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from notifications.models import Recipient

PATIENCE = 10.0


class Browser:
    """A socket of `person`. `hello` is its first frame."""

    def __init__(
        self,
        address: str,
        person: Recipient | None = None,
        *,
        origin: str | None = "",
        ticket: str = "",
        client: Client | None = None,
    ) -> None:
        self.client = client or Client()
        if person is not None and person.user is not None and client is None:
            self.client.force_login(person.user)
        cookies = self.client.cookies.get(settings.SESSION_COOKIE_NAME)
        headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookies.value}"} if cookies else {}
        protocols = ["notifyhub.v1", *([f"ticket.{ticket}"] if ticket else [])]
        self._socket = connect(
            f"ws://{address}/ws/notifications/",
            origin=(origin or f"http://{address}") if origin is not None else None,  # type: ignore[arg-type]
            additional_headers=headers,
            subprotocols=protocols,  # type: ignore[arg-type]
            open_timeout=PATIENCE,
        )
        self.hello = self.frame()

    def frame(self, timeout: float = PATIENCE) -> dict[str, Any]:
        """The next frame."""
        found: dict[str, Any] = json.loads(self._socket.recv(timeout=timeout))
        return found

    def until(self, kind: str) -> dict[str, Any]:
        """The next frame of this type; those before it are passed over."""
        while True:
            found = self.frame()
            if found["type"] == kind:
                return found

    def say(self, **asked: Any) -> None:
        self._socket.send(json.dumps(asked))

    def raw(self, text: str | bytes) -> None:
        self._socket.send(text)

    def quiet(self) -> bool:
        """Whether nothing was on its way before the answer to a ping."""
        self.say(type="ping")
        return self.frame()["type"] == "pong"

    def code(self) -> int:
        """The code with which the server closes, whatever it says before."""
        try:
            while True:
                self._socket.recv(timeout=PATIENCE)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006

    def close(self) -> None:
        with suppress(Exception):
            self._socket.close()
