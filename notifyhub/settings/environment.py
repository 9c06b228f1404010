"""Reading the environment: typed values, and secrets that may come from a file."""

import os
import secrets
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


def kept_secret_key(folder: Path) -> str:
    """Return the key stored in `folder`, made on first use; several processes starting at once agree on one."""
    path = folder / "secret_key"
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".secret_key.{os.getpid()}"
    if not path.exists():
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(64), encoding="ascii")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first: its key counts
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii")
