"""What a test of a page needs: somebody's browser without a screen, and the words a page shows."""

import html
import re
from collections.abc import Callable

from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from notifications.models import Recipient


def visitor(person: Recipient, *, enforce_csrf_checks: bool = False) -> Client:
    """A browser in which this person has signed in."""
    client = Client(enforce_csrf_checks=enforce_csrf_checks)
    client.force_login(person.user)
    return client


def words(response: HttpResponse) -> str:
    """The text of a page, as a person reads it."""
    text = re.sub(r"<(script|style)\b.*?</\1>", "", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def bell(response: HttpResponse) -> str:
    """What the bell says to a screen reader."""
    found = re.search(r'id="nh-bell" aria-label="([^"]*)"', response.content.decode())
    return html.unescape(found[1]) if found else ""


def queries(work: Callable[[], object]) -> list[str]:
    """What `work` asked of the database, but for its clock, which costs a statement on PostgreSQL only."""
    with CaptureQueriesContext(connection) as found:
        work()
    return [one["sql"] for one in found if "clock_timestamp" not in one["sql"]]
