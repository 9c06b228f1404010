"""The doctor says what is wrong and what to do, with an exit code."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from notifyhub.celery import app

pytestmark = pytest.mark.django_db


def said() -> tuple[str, str]:
    out = StringIO()
    try:
        call_command("notifyhub_doctor", stdout=out)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


def test_a_site_that_is_well_is_said_to_be() -> None:
    out, error = said()

    assert error == ""
    assert "BAD" not in out
    assert all(f"ok   {name}" in out for name in ("database", "encryption keys", "channel layer", "templates", "mail"))


def test_missing_keys_are_named_with_what_to_do(settings: Any) -> None:
    settings.NOTIFYHUB_ENCRYPTION_KEYS = []

    out, error = said()

    assert "BAD  encryption keys: are not set" in out
    assert "NOTIFYHUB_ENCRYPTION_KEYS" in out
    assert error.startswith("1 of these")


def test_a_mail_server_that_is_away_is_named_and_its_password_is_not(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_HOST_PASSWORD = "127.0.0.1", 1, "canary"

    out, error = said()

    assert "BAD  mail: does not answer" in out
    assert "EMAIL_HOST" in out
    assert "canary" not in out + error


@pytest.fixture
def _broker_away() -> Iterator[None]:
    before = app.conf.broker_url
    app.conf.update(broker_url="redis://:canary@127.0.0.1:1/0")
    yield
    app.conf.update(broker_url=before)


@pytest.mark.usefixtures("_broker_away")
def test_a_broker_that_is_away_is_named() -> None:
    out, error = said()

    assert "BAD  broker: does not answer" in out
    assert "canary" not in out + error
