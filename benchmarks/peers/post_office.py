"""django-post_office in the peers' virtualenv. A slice queues the letters, and then times the sending of all of them.

{"do": "setup", "host": "127.0.1.1", "port": 2525, "letter": {"subject": ..., "text": ..., "html": ...}}
{"do": "slice", "count": 1000, "processes": 1, "threads": 5, "batch": 1000}
"""

from __future__ import annotations

import logging
import os
import time
from typing import Any

from .lines import serve
from .site import configure


class PostOffice:
    def setup(self, *, host: str, port: int, letter: dict[str, str]) -> dict[str, Any]:
        configure(os.environ["PEER_DATABASE_URL"], apps=["post_office"], EMAIL_HOST=host, EMAIL_PORT=port)
        from django.core.management import call_command
        from post_office import VERSION

        logging.disable()
        call_command("migrate", verbosity=0)
        self._letter, self._number = letter, 0
        return {"django-post_office": ".".join(map(str, VERSION))}

    def slice(self, *, count: int, processes: int, threads: int, batch: int) -> dict[str, Any]:
        """Without its log of what was sent (LOG_LEVEL 0), which is its fastest."""
        from django.conf import settings
        from django.db import connection
        from post_office import mail
        from post_office.models import STATUS, Email

        settings.POST_OFFICE = {"BATCH_SIZE": batch, "THREADS_PER_PROCESS": threads, "LOG_LEVEL": 0}
        self._queue(count)
        start = time.perf_counter()
        sent = 0
        while sent < count and (done := mail.send_queued(processes=processes, log_level=0)[0]):
            sent += done
            if processes > 1:  # its children end the connection that they were forked with
                connection.close()
        seconds = time.perf_counter() - start
        left = Email.objects.exclude(status=STATUS.sent).count()
        if sent != count or left:
            raise RuntimeError(f"sent {sent} of {count}, {left} left")
        return {"units": count, "seconds": seconds}

    def _queue(self, count: int) -> None:
        from post_office import mail

        letters = []
        for _ in range(count):
            self._number += 1
            letters.append(
                {
                    "recipients": f"person-{self._number}@example.com",
                    "sender": "Acme <hub@acme.example>",
                    "subject": f"{self._letter['subject']} {self._number}",
                    "message": self._letter["text"],
                    "html_message": self._letter["html"],
                }
            )
        mail.send_many(letters)


if __name__ == "__main__":
    office = PostOffice()
    serve({"setup": office.setup, "slice": office.slice})
