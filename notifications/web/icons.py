"""Which drawings the sprite has, and which one an item gets: its own icon if we have it, else that of its level."""

from __future__ import annotations

from ..content import Content

ICONS = frozenset(
    {
        "admin", "approved", "archive", "back", "bell", "bolt", "chevron", "clock", "delete", "error", "escalation",
        "external", "gear", "inbox", "info", "knowledge", "mail", "mail-open", "menu", "people", "person", "play",
        "priority", "review", "search", "sign-out", "success", "test", "topic", "undo", "warning", "webhook",
        "workflow",
    }
)  # fmt: skip


def icon_of(content: Content) -> str:
    return content.icon if content.icon in ICONS else content.level
