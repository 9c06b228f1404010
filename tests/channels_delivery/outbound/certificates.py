"""A certificate authority of our own, and the certificates that a bad endpoint would show."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Test authority")
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = _certificate(self._name, self._name, self._key).add_extension(constraints, True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(_pem(builder.add_extension(usage, True).sign(self._key, hashes.SHA256())))

    def server(self, host: str, *, expired: bool = False, own: bool = True) -> ssl.SSLContext:
        """A server's context with a certificate for `host`; not `own`: signed by itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer, signer = (self._name, self._key) if own else (_name(host), key)
        builder = _certificate(_name(host), issuer, key, days=-1 if expired else 1)
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        path = self._folder / f"{host}-{expired}-{own}.pem"
        path.write_bytes(_pem(builder.add_extension(names, False).sign(signer, hashes.SHA256())) + _key_pem(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, days: int = 1
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=3))
        .not_valid_after(now + timedelta(days=days))
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
