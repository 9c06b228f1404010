"""One trigger before it has a row: by what its repeats are known."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import models

from workflows.call import Trigger
from workflows.draft import Draft

pytestmark = pytest.mark.once

USER = get_user_model()(pk=7)
ALL = {"actor": "eve", "transaction_id": "T", "include_actor": True, "at": datetime(2030, 1, 1, tzinfo=UTC)}


class Stranger(AbstractBaseUser):
    """A user of a host whose users have UUIDs."""

    id = models.UUIDField(primary_key=True)
    USERNAME_FIELD = "id"

    class Meta:
        app_label = "strangers"
        managed = False


def fingerprint(**given: Any) -> str:
    draft = Draft(0, Trigger("hello", **{"payload": {"b": 1, "a": [2.5]}, **given}))
    draft.spell(addresses=True)
    return draft.fingerprint()


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ({}, "341c2bd214d7719d"),
        ({"recipients": ["bob", "alice"], **ALL}, "810436726c2ca13a"),
        ({"target": {"type": "document", "id": "17"}}, "12b941fdde9920c8"),
        ({"recipients": [USER]}, "90476075a4ceeac8"),
    ],
    ids=["plain", "all", "target", "account"],
)
def test_what_is_stored_with_a_run_is_known_by_the_next_release(given: dict[str, Any], known: str) -> None:
    assert fingerprint(**given).startswith(known)


def test_users_may_have_any_kind_of_key() -> None:
    ids = [UUID(int=n) for n in range(2)]

    one, other = (fingerprint(recipients=[Stranger(pk=pk)], actor=Stranger(pk=pk)) for pk in ids)

    assert one == fingerprint(recipients=[Stranger(pk=ids[0])], actor=Stranger(pk=ids[0]))
    assert one != other


def test_another_cause_is_another_call() -> None:
    assert len({fingerprint(caused_by=name) for name in (None, "a", "b")}) == 3
    assert fingerprint(caused_by="") == fingerprint()
