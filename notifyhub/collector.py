"""The garbage collector of a process that lives long, calmed."""

import gc


def calm_collector() -> None:
    """What is there at the start of a process stays, and what comes later goes by itself: looking for cycles in all of
    it every few hundred objects took a quarter of a worker's time, and a third of that of a web process which told two
    thousand sockets something."""
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
