"""The devices of the demo's people: browsers that are not there, whose keys this site can make again at each start."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.urls import NoReverseMatch, reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Role, Tenant

if TYPE_CHECKING:
    from channels_delivery.models import Endpoint

LABELS = {"phone": gettext_lazy("Phone"), "laptop": gettext_lazy("Laptop")}
_ORDER = int("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
"""How many points the curve P-256 has."""


@dataclass(frozen=True)
class Device:
    """What a browser keeps to itself of a subscription. Its keys are made of the site's own secret, so that nothing has
    to be kept."""

    tenant: str
    name: str

    @property
    def private(self) -> ec.EllipticCurvePrivateKey:
        return _private(self.tenant, self.name)

    @property
    def auth(self) -> bytes:
        return _bytes("auth", self.tenant, self.name)[:16]

    @property
    def keys(self) -> dict[str, str]:
        from channels_delivery.push.spellings import encoded

        point = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"p256dh": encoded(point), "auth": encoded(self.auth)}

    @property
    def label(self) -> str:
        return str(LABELS[self.name.rpartition("-")[2]])

    @property
    def path(self) -> str:
        return reverse("push-service", args=[self.tenant, self.name])


def named(tenant: Tenant, name: str) -> Device | None:
    """The device of this name, if it is somebody's."""
    owner, _, which = name.rpartition("-")
    there = which in LABELS and Recipient.objects.filter(tenant=tenant, external_id=owner).exists()
    return Device(tenant.slug, name) if there else None


def devices_of(person: Recipient, slug: str) -> list[Device]:
    """A phone; and a laptop for those who run the company."""
    kinds = ["phone"] if person.role == Role.MEMBER else ["phone", "laptop"]
    return [Device(slug, f"{person.external_id}-{kind}") for kind in kinds]


def subscribe_everybody(tenant: Tenant, *, origin: str | None) -> None:
    """Each person's devices, at the port of this start."""
    from channels_delivery.models import Endpoint

    people = list(Recipient.objects.filter(tenant=tenant).order_by("pk"))
    known: dict[str, Endpoint] = {}
    for row in Endpoint.objects.filter(tenant=tenant, kind="push").defer("secrets"):
        known[_path(row.address)] = row
    for person in people:
        for device in devices_of(person, tenant.slug):
            subscribe(person, device, origin=origin, known=known)


def subscribe(
    person: Recipient, device: Device, *, origin: str | None, known: dict[str, Endpoint] | None = None
) -> bool:
    """As the browser would; whether this site may send there. One at the port of an earlier start moves."""
    from channels_delivery import devices
    from channels_delivery.push.hosts import permitted

    try:
        address = origin + device.path if origin else ""
    except NoReverseMatch:  # this site keeps nothing of what it sends
        return False
    if not address or not permitted(address):
        return False
    old = (known or {}).get(device.path)
    devices.refresh(person, old.address if old else address, address, device.keys, label=device.label, now=db_now())
    return True


def _path(address: str) -> str:
    return "/" + address.split("/", 3)[-1]


@lru_cache(maxsize=256)
def _private(tenant: str, name: str) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(_bytes("private", tenant, name), "big") % (_ORDER - 1) + 1
    return ec.derive_private_key(number, ec.SECP256R1())


def _bytes(what: str, tenant: str, name: str) -> bytes:
    return salted_hmac("notifyhub.demo_devices", f"{what} {tenant} {name}", algorithm="sha256").digest()
