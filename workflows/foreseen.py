"""When digests would close for those who only ask: the windows that are open are read, and nobody joins them."""

from __future__ import annotations

from datetime import datetime

from .collecting import Collect, Entry, OpenWindow, open_windows
from .people import People
from .step import Scene


def closing_times(collect: Collect, people: People, scene: Scene) -> dict[int, datetime]:
    """When each of these people would go on, by place: when their window closes, or the one that they would open. One
    query. A window whose time is over by then has been told; where the first goes on by itself, so do they."""
    keys = {place: (scene.ids[place], collect.entries[place].scope) for place in people}
    known = open_windows(sorted(set(keys.values())))
    windows = {key: window for key, window in known.items() if window.closes_at > scene.now}
    return {place: _closes(collect, collect.entries[place], windows.get(key), scene) for place, key in keys.items()}


def _closes(collect: Collect, entry: Entry, window: OpenWindow | None, scene: Scene) -> datetime:
    if window is None:
        return entry.closes_at if collect.open is None else scene.now
    if collect.most is not None and window.n + 1 >= collect.most:
        return scene.now
    return min(window.latest_at, max(window.closes_at, entry.closes_at)) if collect.slides else window.closes_at
