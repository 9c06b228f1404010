"""How a process that lives long has its interpreter: with a calm collector of garbage, and with threads that take short
turns."""

import gc
import sys


def calm_collector() -> None:
    """What is there at the start of a process stays, and what comes later goes by itself: looking for cycles in all of
    it every few hundred objects took a quarter of a worker's time, and a third of that of a web process which told two
    thousand sockets something."""
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


def take_short_turns() -> None:
    """A thread that waits for another lets it go on for a millisecond instead of five. One that counts thousands would
    hold up what leaves by others; and the one that sends would hold up each answer of the database to its neighbour:
    12 % more webhooks a second leave."""
    sys.setswitchinterval(0.001)
