"""One address as it goes over the wire: a plain `local@domain`, nothing around it and nothing hidden in it.

RFC 5321 and 6531 without quoted local parts and address literals, which no person has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import idna
from django.utils.translation import gettext as _

LOCAL_MAX, ADDRESS_MAX = 64, 254

_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?", re.ASCII)


@dataclass(frozen=True)
class Mailbox:
    """`domain` is in ASCII, in lower case. `utf8`: only a server that offers SMTPUTF8 can take it."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def utf8(self) -> bool:
        return not self.local.isascii()


def mailbox(text: str) -> Mailbox:
    """Read an address. Raises ValueError, whose words are for people and do not repeat the address."""
    local, at, domain = text.rpartition("@")
    if not at or not _is_local(local):
        raise ValueError(_("This is no e-mail address."))
    box = Mailbox(local, _ascii_domain(domain))
    if len(local.encode()) > LOCAL_MAX or len(str(box).encode()) > ADDRESS_MAX:
        raise ValueError(_("This e-mail address is too long."))
    return box


def _is_local(local: str) -> bool:
    """Atoms between dots. Beyond ASCII, whatever can be seen: no spaces, controls, marks of direction, surrogates."""
    return all(
        atom and all(_ATOM.fullmatch(sign) if sign.isascii() else sign.isprintable() for sign in atom)
        for atom in local.split(".")
    )


def _ascii_domain(domain: str) -> str:
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except (idna.IDNAError, UnicodeError) as error:
            raise ValueError(_("The domain of this e-mail address is not valid.")) from error
    labels = domain.lower().split(".")
    numeric = labels[-1].isdigit()
    if numeric or (len(labels) < 2 and labels != ["localhost"]) or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError(_("The domain of this e-mail address is not valid."))
    return ".".join(labels)
