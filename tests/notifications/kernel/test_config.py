"""The one setting: typed, overridable, and mistakes in it are found by `manage.py check`."""

from typing import Any

import pytest

from channels_delivery.conf import conf as delivery_conf
from notifications.conf import conf
from notifications.kernel.config import check_setting, enabled
from workflows.conf import conf as workflows_conf

pytestmark = pytest.mark.once


def test_a_section_has_defaults_and_obeys_overrides(settings: Any) -> None:
    assert conf().page_size == 20

    settings.NOTIFYHUB = {"NOTIFICATIONS": {"PAGE_SIZE": 7}}

    assert conf().page_size == 7
    assert workflows_conf().tries == 3


def test_a_list_is_read_as_a_tuple(settings: Any) -> None:
    settings.NOTIFYHUB = {"CHANNELS_DELIVERY": {"ALLOW_PORTS": [9443]}}

    assert delivery_conf().allow_ports == (9443,)


def test_everything_is_sent_unless_the_switch_says_otherwise(settings: Any) -> None:
    settings.NOTIFYHUB = {}
    assert enabled()

    settings.NOTIFYHUB = {"ENABLED": False}
    assert not enabled()


@pytest.mark.parametrize(
    ("given", "found", "words"),
    [
        ({}, None, ""),
        ({"NOTIFICATIONS": {"PAGE_SIZE": 10}, "WORKFLOWS": {"TRIES": 5}}, None, ""),
        ({"TENANT_RESOLVER": None}, None, ""),
        ({"TENANT_RESOLVR": "x.y"}, "notifyhub.W001", "TENANT_RESOLVER"),
        ({"WORKFLOWS": {"LEASE_SECOND": 1}}, "notifyhub.W001", "LEASE_SECONDS"),
        ({"WORKFLOWS": {"TRIES": "3"}}, "notifyhub.E001", "int"),
        ({"WORKFLOWS": {"TRIES": None}}, "notifyhub.E001", "int"),
        ({"WORKFLOWS": {"TRIES": True}}, "notifyhub.E001", "int"),
        ({"NOTIFICATIONS": {"PAGE_SIZE": 2.5}}, "notifyhub.E001", "int"),
        ({"NOTIFICATIONS": ["PAGE_SIZE"]}, "notifyhub.E001", ""),
        ({"CHANNELS_DELIVERY": {"ALLOW_CIDRS": ["10.0.0.0/8"], "ALLOW_PORTS": (9443,)}}, None, ""),
        ({"CHANNELS_DELIVERY": {"ALLOW_CIDRS": "10.0.0.0/8"}}, "notifyhub.E001", "tuple[str, ...]"),
        ({"CHANNELS_DELIVERY": {"ALLOW_CIDRS": ["10.0.0.0/8", 3]}}, "notifyhub.E001", "tuple[str, ...]"),
        ({"CHANNELS_DELIVERY": {"ALLOW_PORTS": [True]}}, "notifyhub.E001", "tuple[int, ...]"),
    ],
)
def test_a_mistake_is_found_with_what_to_write_instead(
    settings: Any, given: dict[str, Any], found: str | None, words: str
) -> None:
    settings.NOTIFYHUB = given

    messages = check_setting()

    assert [message.id for message in messages] == ([found] if found else [])
    assert all(words in f"{message.msg} {message.hint}" for message in messages)
