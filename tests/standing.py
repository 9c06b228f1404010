"""What is made once for all tests of a module, where making it costs more than what each of them looks at."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction


@contextmanager
def around_tests(blocker: Any) -> Iterator[None]:
    """A transaction from here to the end of the block, in which the one of each test is a savepoint: what was made
    before the tests is as it was for each of them, and gone after the last. `blocker`: django_db_blocker; it forbids
    the database again while tests run that did not ask for it. Not for modules with transactional tests."""
    outer = transaction.atomic()
    outer._from_testcase = True  # durable transactions are allowed right within it, as in a test's
    with blocker.unblock():
        outer.__enter__()
    try:
        yield
    finally:
        with blocker.unblock():
            transaction.set_rollback(True)
            outer.__exit__(None, None, None)
