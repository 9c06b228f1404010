"""What a backend needs to be put to the test: a server of its kind on this machine that behaves as it is told.

A new backend joins the contract suite by a module `stage_<kind>.py` beside this one, with a `STAGE`.
"""

import importlib
import pkgutil
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from channels_delivery.backend import Outlet
from channels_delivery.parcel import Parcel

SECRET = "canary-of-the-secrets-of-channels"
"""Stands in the secrets of an outlet, so that it can be looked for wherever it must not be."""


AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Stage(ABC):
    """One server, and one channel that leads to it. Until told otherwise, the server takes everything."""

    kind: str
    drops_doubles: bool = True
    """Whether the receiver knows by the id what came before, so that what had no answer may be sent again."""

    @abstractmethod
    def __enter__(self) -> Self: ...

    @abstractmethod
    def __exit__(self, *_: object) -> None: ...

    @property
    @abstractmethod
    def origins(self) -> list[str]:
        """What `ALLOW_ORIGINS` has to hold."""

    @property
    def site(self) -> Mapping[str, Any]:
        """What the settings of the site have to say for it, beside `ALLOW_ORIGINS`."""
        return {}

    @property
    @abstractmethod
    def settings(self) -> Mapping[str, Any]:
        """Of a channel that leads to the server."""

    @property
    @abstractmethod
    def secrets(self) -> Mapping[str, Any]:
        """Of that channel, `SECRET` among them in some form."""

    @property
    @abstractmethod
    def address(self) -> str: ...

    @abstractmethod
    def take(self) -> None:
        """From now on, take what comes."""

    @abstractmethod
    def refuse_for_now(self) -> None: ...

    @abstractmethod
    def refuse_for_good(self) -> None: ...

    @abstractmethod
    def hang(self) -> None:
        """Listen, and never answer."""

    @abstractmethod
    def babble(self) -> None:
        """Answer what nobody understands."""

    @abstractmethod
    def leave(self) -> None:
        """Listen no more: connections are refused."""

    @property
    @abstractmethod
    def ids(self) -> list[str]:
        """What a receiver would drop duplicates by, of each message that came."""

    @property
    def outlet(self) -> Outlet:
        return Outlet(7, self.settings, self.secrets)

    def parcel(self, parts: Mapping[str, Any]) -> Parcel:
        return Parcel(
            id=1,
            token=uuid.uuid4(),
            attempt=1,
            lane_id=1,
            tenant_id=1,
            public_id=uuid.uuid4(),
            stable_id=uuid.uuid4(),
            kind=self.kind,
            address=self.address,
            channel_id=7,
            recipient_id=None,
            slots={},
            parts=parts,
            attachments=[],
            notice_key="order.shipped",
            expires_at=None,
            created_at=AT,
            decided_at=AT,
        )


def stages() -> dict[str, type[Stage]]:
    """Every stage by name: the kind, or where a kind has several ways to send, one for each."""
    package = __name__.rpartition(".")[0]
    names = [found.name for found in pkgutil.iter_modules([str(Path(__file__).parent)])]
    named = {name.removeprefix("stage_"): name for name in names if name.startswith("stage_")}
    return {name: importlib.import_module(f"{package}.{module}").STAGE for name, module in named.items()}
