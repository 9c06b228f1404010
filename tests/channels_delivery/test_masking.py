"""What is kept of somebody's words: no credential that we hold, however they repeat it."""

import html
import json
import time
from urllib.parse import quote

import pytest

from channels_delivery.masking import without_credentials

KEY = "XXXXSECRETXXXX"
CHAT = f"https://hooks.slack.com/services/T000/B000/{KEY}"
FLOW = f"https://prod-1.logic.azure.com:443/workflows/0a1b2c3d4e5f/triggers/manual?api-version=2016-06-01&sig={KEY}"
SERVICE = "jsons://robot:sEc%2Bret%2FXYZ9@hooks.example/rooms"


@pytest.mark.parametrize(
    ("credential", "said"),
    [
        (CHAT, f"no hook {KEY}"),
        (CHAT, f"no hook {KEY.lower()}"),
        (CHAT, f"nothing at {CHAT}"),
        (CHAT, f"nothing at /services/T000/B000/{KEY}"),
        (CHAT, json.dumps({"path": f"/services/T000/B000/{KEY}"}).replace("/", "\\/")),
        (CHAT, quote(CHAT, safe="")),
        (FLOW, f"sig {KEY} is wrong"),
        (FLOW, html.escape(FLOW)),
        (FLOW, f"?sig={KEY}&amp;api-version=1"),
        (f"https://hooks.example/?{KEY}", f"unknown: {KEY}"),
        (f"https://me:{KEY}@hooks.example/", f"unknown: {KEY}"),
        (f"tgram://123456789:{KEY}/1231554", f"bot{KEY} is not found"),
        (KEY, f"token {KEY}"),
        (f"Bearer {KEY}", f"token {KEY}"),
    ],
)
def test_a_credential_is_not_repeated(credential: str, said: str) -> None:
    kept = without_credentials(said, credential)

    assert KEY.lower() not in kept.lower()
    assert "…" in kept


@pytest.mark.parametrize(
    "spelt",
    [
        "sEc%2Bret%2FXYZ9",
        "sEc%2bret%2fXYZ9",
        "sEc+ret/XYZ9",
        "sEc+ret\\/XYZ9",
        "sEc\\u002Bret/XYZ9",
    ],
)
def test_nor_as_anybody_else_writes_it(spelt: str) -> None:
    assert without_credentials(f"bad token {spelt}, go away", SERVICE) == "bad token …, go away"


@pytest.mark.parametrize(
    ("credential", "said"),
    [
        (CHAT, "no_service: no team in services, T000"),
        (CHAT, "ask at hooks.slack.com"),
        (FLOW, "WorkflowNotFound: workflows, triggers, api-version"),
        ("https://api.twilio.com", "see https://api.twilio.com/docs"),
        ("", "nothing is secret"),
        ("https://hooks.example/a/b", "about a and b"),
    ],
)
def test_what_is_no_credential_stays_readable(credential: str, said: str) -> None:
    assert without_credentials(said, credential) == said


def test_who_knows_of_shorter_ones_says_so() -> None:
    assert without_credentials("no room rooms", SERVICE, least=5) == "no room …"


@pytest.mark.parametrize("one", ["+", "\\", "%25", "&", "a"])
def test_no_words_keep_us_busy(one: str) -> None:
    """A receiver chooses its words, and its owner the address: here all but the last character fits, everywhere."""
    address = f"https://hooks.example/?{one * 900}z"
    began = time.process_time()

    assert without_credentials((one * 900 + "x") * 5, address)
    assert time.process_time() - began < 0.1
