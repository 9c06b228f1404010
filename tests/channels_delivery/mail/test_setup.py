"""What whoever sets up a channel is told before the first letter."""

from typing import Any

import jsonschema_rs
import pytest

from channels_delivery.backends.email import BACKEND

pytestmark = pytest.mark.once
SERVER = {"host": "smtp.acme.example", "from": "news@acme.example"}


@pytest.mark.parametrize(
    ("settings", "secrets", "fields"),
    [
        ({}, {}, set()),
        ({"to": ["team@acme.example"]}, {}, set()),
        ({"from_name": "Acme", "reply_to": "help@acme.example"}, {}, set()),
        (SERVER, {}, set()),
        (SERVER | {"user": "acme"}, {"password": "x"}, set()),
        (SERVER | {"port": 2525, "security": "none"}, {}, set()),
        (SERVER | {"host": "8.8.8.8"}, {}, set()),
        ({"host": "smtp.acme.example"}, {}, {"settings.from"}),
        (SERVER | {"user": "acme"}, {}, {"secrets.password"}),
        (SERVER, {"password": "left from before"}, set()),
        (SERVER | {"user": "a", "security": "none"}, {"password": "x"}, {"settings.security"}),
        (SERVER | {"user": "a\n"}, {"password": "x\0"}, {"settings.user", "secrets.password"}),
        (SERVER | {"port": 6379}, {}, {"settings.port"}),
        (SERVER | {"port": 443}, {}, {"settings.port"}),
        (SERVER | {"host": "localhost"}, {}, {"settings.host"}),
        (SERVER | {"host": "127.0.0.1"}, {}, {"settings.host"}),
        (SERVER | {"host": "10.0.0.7"}, {}, {"settings.host"}),
        (SERVER | {"host": "mail.internal"}, {}, {"settings.host"}),
        (SERVER | {"host": "smtp.acme.example\r\n"}, {}, {"settings.host"}),
        (SERVER | {"host": "a b"}, {}, {"settings.host"}),
        (SERVER | {"from": "Acme <news@acme.example>"}, {}, {"settings.from"}),
        ({"from": "ceo@bank.example"}, {}, {"settings.from"}),
        ({"user": "x", "port": 25, "security": "tls"}, {}, {"settings.user", "settings.port", "settings.security"}),
        ({"to": ["a@acme.example", "b"], "reply_to": "c\n"}, {}, {"settings.to[1]", "settings.reply_to"}),
    ],
)
def test_each_fault_is_told_at_its_field(settings: dict[str, Any], secrets: dict[str, Any], fields: set[str]) -> None:
    assert set(BACKEND.faults(settings, secrets)) == fields


@pytest.mark.parametrize(
    "settings",
    [{"host": ""}, {"port": 0}, {"port": 70_000}, {"port": "25"}, {"security": "ssl"}, {"to": "a@acme.example"},
     {"to": [f"p{n}@acme.example" for n in range(101)]}, {"to": ["a@acme.example"] * 2}, {"bcc": "x@y.example"}],
)  # fmt: skip
def test_other_shapes_are_refused(settings: dict[str, Any]) -> None:
    assert not jsonschema_rs.Draft202012Validator(BACKEND.settings_schema).is_valid(settings)


def test_a_list_of_a_team_is_where_its_mails_go() -> None:
    assert BACKEND.team_addresses({"to": ["a@acme.example", "b@acme.example"]}) == ("a@acme.example", "b@acme.example")
    assert BACKEND.team_addresses({}) == ()


@pytest.mark.parametrize(
    ("settings", "serves"),
    [({}, True), (SERVER, True), (SERVER | {"to": ["a@acme.example"]}, True), ({"to": ["a@acme.example"]}, False)],
)
def test_a_mere_list_of_a_team_is_no_way_to_people(settings: dict[str, Any], serves: bool) -> None:
    assert BACKEND.serves_people(settings) is serves
