"""The forms in which a forbidden address can be written or be hidden, each with what a resolver would make of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    host: str  # as in a URL
    address: str  # as in an answer of DNS

    def __str__(self) -> str:
        return ascii(self.host).strip("'")


def _words(text: str) -> list[str]:
    return text.split()


IPV4 = _words("""
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.1.2.3
    127.255.255.254 168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1
    192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.1
    203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
""")

IPV6 = _words("""
    :: ::1 0:0:0:0:0:0:0:1 0000:0000:0000:0000:0000:0000:0000:0001 ::ffff:127.0.0.1 ::ffff:7f00:1
    ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 ::7f00:1 ::ffff:0:127.0.0.1 64:ff9b::7f00:1
    64:ff9b::a9fe:a9fe 64:ff9b::169.254.169.254 64:ff9b:1::a9fe:a9fe 100::1 2001::1 2001:0:7f00:1:: 2001:2::1
    2001:db8::1 2002:7f00:1:: 2002:a9fe:a9fe:: 3fff::1 4000::1 5f00::1 fc00::1 fd00::1 fd00:ec2::254
    fd00:ec2::23 fd00:42::42 fd20:ce::254 fe80::1 fe80::1%lo ::1%lo fec0::1 ff02::1 ff0e::1
""")

# Everything below is loopback to one resolver or another.
SPELLINGS = _words("""
    127.1 127.0.1 2130706433 0x7f000001 0x7f.1 0x7f.0.0.0x1 0177.0.0.1 017700000001 127.0.0.01 127.0.0.1. 0
    00000000 0x0 127.0.0.1%00 127.0.0.1%20 １２７.０.０.１ ①②⑦.⓪.⓪.① 127。0。0。1 127．0．0．1 127｡0｡0｡1 ⑫７.0.0.1
    127.0.0.1\u200b
""")

NAMES = _words("""
    localhost LOCALHOST localhost. localhost.localdomain foo.localhost ip6-localhost loopback ｌocalhost
    loc\u00adalhost printer.local db.internal hub.corp metadata metadata.google.internal
    METADATA.google.internal metadata.google.internal. metadata.goog instance-data kubernetes.default.svc hub
    intranet x.onion
""")

FORMS = (
    [Form(text, text) for text in IPV4]
    + [Form(f"[{text}]", text) for text in IPV6]
    + [Form(text, "127.0.0.1") for text in SPELLINGS]
    + [Form(text, "::1" if "6" in text else "127.0.0.1") for text in NAMES]
)
