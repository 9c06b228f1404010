"""Where the outbox of the benchmarks sends to: fifty addresses of loopback, by HTTP and by TLS, and mail."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

HOSTS = [f"127.0.1.{n}" for n in range(1, 51)]
"""As many endpoints; each is a host of its own, as the endpoints of strangers are."""

HTTP, HTTPS, SMTP = (int(os.environ.get("BENCH_PORT", "18480")) + n for n in range(3))
FOLDER = Path(__file__).resolve().parent / "var"
CA_FILE = FOLDER / "authority.pem"


def origins() -> list[str]:
    web = [f"http://{host}:{HTTP}" for host in HOSTS] + [f"https://{host}:{HTTPS}" for host in HOSTS]
    return [*web, f"smtp://{HOSTS[0]}:{SMTP}"]


def certificate() -> tuple[Path, Path]:
    """Files of a certificate for all of the hosts and its key; the site trusts whoever signed it, by `CA_FILE`."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    FOLDER.mkdir(parents=True, exist_ok=True)
    now, chain, key = datetime.now(UTC), FOLDER / "server.pem", FOLDER / "server.key"
    keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("authority", "server")}
    names = {name: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"benchmark {name}")]) for name in keys}

    def signed(name: str, extension: x509.ExtensionType) -> bytes:
        made = x509.CertificateBuilder(
            issuer_name=names["authority"],
            subject_name=names[name],
            public_key=keys[name].public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - timedelta(days=1),
            not_valid_after=now + timedelta(days=2),
        ).add_extension(extension, critical=name == "authority")
        return made.sign(keys["authority"], hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    CA_FILE.write_bytes(signed("authority", x509.BasicConstraints(ca=True, path_length=0)))
    chain.write_bytes(signed("server", x509.SubjectAlternativeName([x509.IPAddress(ip_address(h)) for h in HOSTS])))
    plain = serialization.NoEncryption()
    key.write_bytes(keys["server"].private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return chain, key
