"""No code of the apps reaches the network by another client: the rule that ruff applies, held here without ruff."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.once
ROOT = Path(__file__).resolve().parents[3]
LET_OFF = {"channels_delivery/outbound/*", "notifyhub/embedded.py", "tests/**", "benchmarks/**"}
APPS = ("notifications", "preferences", "channels_delivery", "workflows", "notifyhub")
RUFF = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
BANNED = set(RUFF["flake8-tidy-imports"]["banned-api"])


def names_used(source: str) -> Iterator[str]:
    """Every dotted name that a module imports, and every attribute it reads of an import."""
    tree = ast.parse(source)
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                known |= {
                    one.asname or one.name.split(".")[0]: one.name if one.asname else one.name.split(".")[0]
                    for one in names
                }
                yield from (one.name for one in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                known |= {one.asname or one.name: f"{module}.{one.name}" for one in names}
                yield from (f"{module}.{one.name}" for one in names)
            case _:
                continue
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, _, rest = ast.unparse(node).partition(".")
            if first in known:
                yield f"{known[first]}.{rest}"


def banned_in(source: str) -> set[str]:
    return {name for name in names_used(source) for ban in BANNED if f"{name}.".startswith(f"{ban}.")}


def let_off(path: Path) -> bool:
    return any(path.match(pattern) for pattern in LET_OFF if "**" not in pattern)


@pytest.mark.parametrize(
    "source",
    [
        "import requests\nrequests.get('https://example.com')",
        "import requests as r\nr.post('https://example.com')",
        "def send():\n    from requests import Session",
        "from requests.adapters import HTTPAdapter",
        "import urllib.request",
        "from urllib import request",
        "from urllib.request import urlopen",
        "import urllib\nurllib.request.urlopen('https://example.com')",
        "import http.client",
        "from http import client",
        "import aiohttp\naiohttp.ClientSession()",
        "from aiohttp import ClientSession as Anything",
        "import httpx",
        "import urllib3",
        "import socket\nsocket.create_connection(('example.com', 80))",
        "from socket import create_connection",
        "import socket as s\ns.socket()",
        "import asyncio\nasyncio.open_connection('example.com', 80)",
        "from pywebpush import webpush",
        "from slack_sdk.webhook import WebhookClient",
    ],
)
def test_another_way_out_is_seen(source: str) -> None:
    assert banned_in(source)


@pytest.mark.parametrize(
    "source",
    ["from urllib.parse import urlsplit", "from http import HTTPStatus", "import socket\nsocket.TCP_KEEPIDLE",
     "import asyncio\nasyncio.run(x)", "from pywebpush import WebPusher", "from .requests import y"],
)  # fmt: skip
def test_other_names_are_left_alone(source: str) -> None:
    assert not banned_in(source)


@pytest.mark.parametrize("app", APPS)
def test_an_app_leaves_by_the_guarded_clients_alone(app: str) -> None:
    modules = {path.relative_to(ROOT): path.read_text() for path in (ROOT / app).rglob("*.py")}

    found = {path: used for path, source in modules.items() if (used := banned_in(source)) and not let_off(path)}

    assert modules
    assert found == {}


def test_ruff_lets_off_the_way_out_a_listener_and_what_is_not_shipped() -> None:
    off = {path for path, rules in RUFF["per-file-ignores"].items() if {"TID", "TID251"} & set(rules)}

    assert "TID" in RUFF["select"]
    assert "TID251" not in RUFF["ignore"]
    assert off == LET_OFF
