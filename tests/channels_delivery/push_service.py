"""A push service on this machine that holds the private keys of its devices, and decrypts what comes."""

import json
import os
from collections.abc import Callable, Mapping
from typing import Any, Self

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from channels_delivery.push.spellings import encoded
from channels_delivery.push.vapid import fresh_pair
from notifications.kernel.encrypted import EncryptedJSONField
from tests.channels_delivery.outbound.servers import Exchange, Receiver

SITE = {"VAPID_PRIVATE_KEY": fresh_pair().private, "VAPID_SUBJECT": "mailto:ops@acme.example"}


class Device:
    """What a browser keeps to itself of a subscription, and what it tells."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.auth = os.urandom(16)

    @property
    def keys(self) -> dict[str, str]:
        point = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"p256dh": encoded(point), "auth": encoded(self.auth)}

    @property
    def subscription(self) -> dict[str, Any]:
        return {"endpoint": self.url, "keys": self.keys}

    @property
    def slots(self) -> dict[str, str]:
        return {"keys": EncryptedJSONField().get_prep_value(self.keys) or ""}

    def opened(self, body: bytes) -> dict[str, Any]:
        """By http_ece, which is not ours."""
        told: dict[str, Any] = json.loads(
            http_ece.decrypt(body, private_key=self.private, auth_secret=self.auth, version="aes128gcm")
        )
        return told


class PushService:
    """Answers by its script; keeps what came."""

    def __init__(self) -> None:
        self.receiver = Receiver()
        self.says()
        self.devices: dict[str, Device] = {}

    def __enter__(self) -> Self:
        self.receiver.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.receiver.__exit__()

    @property
    def origin(self) -> str:
        return self.receiver.address

    @property
    def site(self) -> dict[str, Any]:
        return {"ALLOW_ORIGINS": [self.origin], **SITE}

    def device(self, name: str = "a") -> Device:
        path = f"/wpush/{name}"
        return self.devices.setdefault(path, Device(self.origin + path))

    def says(self, *answers: str, after: str = "201 Created", fields: str = "") -> None:
        """These statuses, one a request, and then `after`."""
        waiting = list(answers)

        def script(exchange: Exchange) -> None:
            status = waiting.pop(0) if waiting else after
            exchange.send(f"HTTP/1.1 {status}\r\n{fields}Connection: close\r\nContent-Length: 0\r\n\r\n".encode())
            exchange.connection.close()

        self.does(script)

    def does(self, script: Callable[[Exchange], None]) -> None:
        self.receiver.script = script

    @property
    def came(self) -> list[tuple[Mapping[str, str], dict[str, Any]]]:
        """The header fields, and the decrypted payload, of each request."""
        return [self._read(raw) for raw in self.receiver.requests]

    def _read(self, raw: bytes) -> tuple[Mapping[str, str], dict[str, Any]]:
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        return fields, self.devices[first.split(" ")[1]].opened(body)
