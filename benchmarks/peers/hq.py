"""django-notifications-hq as a long-lived process: one JSON request a line on stdin, one answer a line on stdout.

Runs in the peers' virtualenv, alone (`python -I`), because its import name `notifications` is also ours.

    {"do": "setup", "people": 100000, "items": 1000000}
    {"do": "slice", "kind": "queryset" | "one_by_one", "count": 2000, "atomic": false, "statements": false}
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings

PRELOAD = """
INSERT INTO notifications_notification
    (level, recipient_id, unread, actor_content_type_id, actor_object_id, verb, timestamp, public, deleted, emailed)
SELECT 'info', 1 + g %% %s, true, %s, '1', 'was escalated',
    now() - interval '1 day' + g * interval '1 millisecond', true, false, false
FROM generate_series(0, %s - 1) g
"""


def configure(address: str) -> None:
    parts = urlsplit(address)
    settings.configure(
        SECRET_KEY="benchmark",  # noqa: S106 - signs nothing
        USE_TZ=True,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "notifications"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts.path.lstrip("/"),
                "HOST": parts.hostname or "",
                "PORT": parts.port or "",
                "USER": parts.username or "",
                "PASSWORD": parts.password or "",
            }
        },
    )
    django.setup()


def setup(*, people: int, items: int) -> dict[str, Any]:
    """Tables, people and `items` earlier notifications, dealt out round by round."""
    from django.contrib.auth.models import User
    from django.contrib.contenttypes.models import ContentType
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    User.objects.bulk_create(
        [User(username=f"person-{n}", email=f"person-{n}@example.com") for n in range(people)], batch_size=5_000
    )
    actor_type = ContentType.objects.get_for_model(User).pk
    with connection.cursor() as cursor:
        cursor.execute(PRELOAD, [people, actor_type, items])
        cursor.execute("VACUUM ANALYZE")
    return {"django": django.get_version(), "python": sys.version.split()[0]}


class Work:
    """Goes round the people, so that each slice writes for others."""

    def __init__(self) -> None:
        self._after = 0

    def slice(self, *, kind: str, count: int, atomic: bool, statements: bool = False) -> dict[str, Any]:
        from django.contrib.auth.models import User
        from django.db import connection, transaction

        if User.objects.filter(pk__gt=self._after).count() < count:
            self._after = 0
        queryset = User.objects.filter(pk__gt=self._after).order_by("pk")[:count]
        people = list(queryset)
        send = {"queryset": self._queryset, "one_by_one": self._one_by_one}[kind]
        counted = StatementCount()
        with connection.execute_wrapper(counted) if statements else nullcontext():
            start = time.perf_counter()
            with transaction.atomic() if atomic else nullcontext():
                send(people[0], queryset.all() if kind == "queryset" else people)
            seconds = time.perf_counter() - start
        self._after = people[-1].pk
        return {"units": count, "seconds": seconds, "statements": counted.count}

    def _queryset(self, actor: Any, people: Any) -> None:
        from notifications.signals import notify

        notify.send(actor, recipient=people, verb="was escalated")

    def _one_by_one(self, actor: Any, people: Any) -> None:
        from notifications.signals import notify

        for person in people:
            notify.send(actor, recipient=person, verb="was escalated")


class StatementCount:
    count = 0

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        self.count += 1
        return execute(*arguments)


def main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever prints must not break the protocol
    configure(os.environ["PEER_DATABASE_URL"])
    verbs: dict[str, Callable[..., dict[str, Any]]] = {"setup": setup, "slice": Work().slice}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = verbs[request.pop("do")](**request)
        except Exception as error:  # the other side shows it and stops
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
