"""A kind whose package is not installed: it is not offered, and whoever asks for it is told what to do."""

import sys
import types
from collections.abc import Iterator

import pytest

from channels_delivery import backends as package
from channels_delivery import channels
from channels_delivery.channels import Setup
from channels_delivery.refusals import Invalid
from notifications.models import Tenant


@pytest.fixture
def absent(tmp_path: object) -> Iterator[str]:
    """A module of a backend that found its package missing."""
    name = f"{package.__name__}.carrier_pigeon"
    module = types.ModuleType(name)
    module.BACKEND, module.EXTRA = None, "pigeons"  # type: ignore[attr-defined]
    sys.modules[name] = module
    package.__path__.append(str(tmp_path))
    with open(f"{tmp_path}/carrier_pigeon.py", "w") as file:
        file.write("")
    _forget()
    yield "carrier_pigeon"
    package.__path__.remove(str(tmp_path))
    del sys.modules[name]
    _forget()


def _forget() -> None:
    package._of.cache_clear()
    package.absent.cache_clear()


@pytest.mark.django_db
def test_it_is_not_offered_and_says_what_to_install(absent: str, acme: Tenant) -> None:
    assert absent not in package.backends()
    assert package.absent()[absent] == "pigeons"

    with pytest.raises(Invalid) as refused:
        channels.create(acme, Setup(absent, "Pigeons"))

    assert "notifyhub[pigeons]" in refused.value.errors["kind"]
