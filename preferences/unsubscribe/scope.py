"""What an unsubscribe link speaks of: one person, one channel, one category; of what has no category, one workflow."""

from __future__ import annotations

from dataclasses import dataclass

from ..precedence import Named


@dataclass(frozen=True)
class Scope:
    """Either `category` or `workflow` is named, never both."""

    tenant_id: int
    recipient: int
    kind: str
    category: str = ""
    workflow: str = ""

    def __post_init__(self) -> None:
        if bool(self.category) is bool(self.workflow):
            raise ValueError("A link speaks of a category or of a workflow: name one of them.")

    @property
    def named(self) -> Named:
        """As a choice names it."""
        return self.workflow, self.category, self.kind

    @property
    def of_channel(self) -> Named:
        """Everything on its channel."""
        return "", "", self.kind
