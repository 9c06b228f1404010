"""Apprise, kept on a lead: only services that the site allows, only by our guarded client, one request's worth each.

Its plugins call `requests` themselves. Those that we let in find our stand-in (`outbound/lent.py`) under that name; one
that has another way out is not let in.
"""

from __future__ import annotations

import logging
import sys
import types
from functools import cache
from typing import Any

from ..conf import conf

_OTHER_WAYS = {"asyncio", "ftplib", "http", "imaplib", "smtplib", "socket", "ssl", "subprocess", "urllib3"}
_OTHER_NAMES = ("apprise.utils.socket", "apprise.utils.http", "apprise.plugins.email", "apprise.utils.wkd")


class NotAllowed(Exception):
    """Of a service that this site does not let its tenants use, or that Apprise cannot be held to our client for."""


def allowed() -> tuple[str, ...]:
    """The services of this site, by the first part of their URLs."""
    return conf().apprise_services


def scheme_of(url: str) -> str:
    return url.partition("://")[0].lower() if "://" in url else ""


def service_of(url: str) -> Any:
    """The service that a URL is of, ready to be told one message. None: Apprise cannot read it. Raises NotAllowed."""
    scheme = scheme_of(url)
    if scheme not in allowed() or not _held(_plugin(scheme)):
        raise NotAllowed
    service = _apprise().Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True)
    if service is None or not isinstance(service, _plugin(scheme)):
        return None
    service.throttle = _at_once  # a lane's pace is ours; a sleeping thread is a place lost to others
    service.overflow_mode = _apprise().OverflowMode.TRUNCATE  # one message, however long
    return service


def load() -> None:
    """Read all of it now: that takes a third of a second."""
    for scheme in allowed():
        _plugin(scheme)


def _at_once(*_: Any, **__: Any) -> None:
    return


@cache
def _apprise() -> Any:
    import apprise

    logging.getLogger("apprise").disabled = True  # what it writes names URLs, and its URLs are secrets
    return apprise


@cache
def _asset() -> Any:
    """Nothing is kept on disk, nothing runs aside."""
    return _apprise().AppriseAsset(async_mode=False, secure_logging=True, storage_mode="memory", app_id="notifyhub")


@cache
def _plugin(scheme: str) -> Any:
    from apprise.manager_plugins import NotificationManager

    _apprise()
    manager = NotificationManager()  # type: ignore[no-untyped-call]
    return manager[scheme] if scheme in manager else None  # noqa: SIM401 - it has no `get`


@cache
def _held(plugin: Any) -> bool:
    """Put our stand-in where the plugin looks for `requests`. False for one that knows another way, or none of it."""
    modules = [sys.modules[one.__module__] for one in plugin.__mro__] if plugin else []
    own = [one for one in modules if one.__name__.startswith("apprise.plugins.") and one.__name__ != _BASE]
    if not own or any(_strays(one) for one in own):
        return False
    asking = [one for one in own if "requests" in vars(one)]
    for module in asking:
        from ..outbound.lent import LENT  # needs the extra `http`

        module.__dict__["requests"] = LENT
    return bool(asking)


_BASE = "apprise.plugins.base"


def _strays(module: types.ModuleType) -> bool:
    for found in vars(module).values():
        if isinstance(found, types.ModuleType):
            if found.__name__.partition(".")[0] in _OTHER_WAYS and not found.__name__.endswith(".parse"):
                return True
        elif str(getattr(found, "__module__", "")).startswith(_OTHER_NAMES):
            return True
    return False
