"""Reading the environment: typed values, and secrets that may come from a file."""

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()


def secret(name: str, *, default: str | None = None) -> str:
    """Return the secret `name`, or the content of the file that `<name>_FILE` points at (Docker, Kubernetes)."""
    if path := env.str(f"{name}_FILE", default=""):
        return Path(path).read_text(encoding="utf-8").strip()
    value = env.str(name, default=default)
    if value is None:
        raise ImproperlyConfigured(f"Set {name} in the environment, or {name}_FILE to a file that holds it.")
    return str(value)


def secrets_list(name: str) -> list[str]:
    """The secrets in `name`, parted by commas, or the lines of the file that `<name>_FILE` points at; none if unset."""
    return secret(name, default="").replace(",", " ").split()


def kept_secret_key(folder: Path) -> str:
    """Return the key stored in `folder`, made on first use; several processes starting at once agree on one."""
    return _kept(folder, "secret_key", lambda: secrets.token_urlsafe(64))


def kept_encryption_key(folder: Path) -> str:
    """The same for a Fernet key: 32 random bytes in URL-safe base64."""
    return _kept(folder, "encryption_key", lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())


def kept_vapid_key(folder: Path) -> str:
    """The same for the key of web push: a number of its curve, in URL-safe base64 without padding."""

    def make() -> str:
        from cryptography.hazmat.primitives.asymmetric import ec

        number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
        return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()

    return _kept(folder, "vapid_key", make)


def _kept(folder: Path, name: str, make: Callable[[], str]) -> str:
    path = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{name}.{os.getpid()}"
    if not path.exists():
        draft.touch(mode=0o600)
        draft.write_text(make(), encoding="ascii")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first: its key counts
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii")
