"""Names that sort by time, and secrets."""

import threading
import time
import uuid

import pytest

from notifications.kernel.tokens import random_secret, secret_hash, uuid7

pytestmark = pytest.mark.once


def test_a_name_is_a_version_7_uuid_of_this_moment() -> None:
    before = time.time_ns() // 1_000_000
    name = uuid7()

    assert (name.version, name.variant) == (7, uuid.RFC_4122)
    assert before - 1 <= name.int >> 80 <= time.time_ns() // 1_000_000 + 60


def test_names_keep_the_order_in_which_they_were_made() -> None:
    names = [uuid7() for _ in range(20_000)]

    assert names == sorted(names)
    assert len(set(names)) == len(names)


def test_threads_never_make_the_same_name() -> None:
    made: list[uuid.UUID] = []
    threads = [threading.Thread(target=lambda: made.extend([uuid7() for _ in range(5_000)])) for _ in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(made)) == 20_000


def test_a_secret_has_256_bits_and_only_its_hash_is_kept() -> None:
    secret = random_secret()

    assert len(secret) >= 43
    assert secret != random_secret()
    assert len(secret_hash(secret)) == 64
    assert secret not in secret_hash(secret)
