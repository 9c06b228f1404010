"""News from another process: over Redis, and without it."""

import os
import subprocess
import sys

import pytest
from django.db import connection

from notifications.models import Recipient
from tests.notifications.live.browser import Browser

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.django_db(transaction=True)]

POST = """
import sys
import django
django.setup()
from django.db import transaction
from notifications import inbox, toast
from notifications.content import Content
from notifications.kernel.clock import db_now
from notifications.models import Recipient
person = Recipient.objects.across_tenants().select_related("tenant").get(pk=sys.argv[1])
with transaction.atomic():
    inbox.post([inbox.Post(person.tenant_id, "t", Content("From afar"), [person.pk])], now=db_now())
    toast.info(person, "Hello there")
"""


def in_another_process(person: Recipient) -> None:
    """Runs to its end, so that what it says last must not be lost with it."""
    address = "postgres://{USER}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    given = {"NOTIFYHUB_TEST_DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "notifyhub.settings.test"}
    name = {"NOTIFYHUB_TEST_NAME": str(connection.settings_dict["NAME"])}
    subprocess.run([sys.executable, "-c", POST, str(person.pk)], env={**os.environ, **given, **name}, check=True)


def test_what_a_worker_posts_comes_to_the_tabs_of_a_web_process(alice: Recipient, browser: type[Browser]) -> None:
    tab = browser(alice)

    in_another_process(alice)

    frames = {frame["type"]: frame for frame in (tab.frame(), tab.frame())}
    assert frames["item"]["item"]["title"] == "From afar"
    assert frames["toast"]["toast"]["title"] == "Hello there"
