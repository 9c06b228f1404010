"""What a person asked to see of their inbox, as it stands in the address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from ..inbox import Filters
from ..models import Tab

SHOWS = ("all", "unread", "archived")


@dataclass(frozen=True)
class Selection:
    """Unknown words in an address mean what they would mean if they were not there."""

    tab: Tab | None = None
    show: str = "all"
    q: str = ""
    cursor: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> Selection:
        name, show = query.get("tab", "").upper(), query.get("show", "")
        return cls(
            tab=Tab[name] if name in Tab.__members__ else None,
            show=show if show in SHOWS else "all",
            q=query.get("q", "").replace("\0", "").strip()[:200],
            cursor=query.get("cursor", ""),
        )

    @property
    def filters(self) -> Filters:
        return Filters(tab=self.tab, unread=self.show == "unread", archived=self.show == "archived", q=self.q)

    @property
    def tab_name(self) -> str:
        return self.tab.name.lower() if self.tab is not None else ""

    @property
    def query(self) -> str:
        """The same as the query of an address, without what goes without saying."""
        words = {"tab": self.tab_name, "show": self.show if self.show != "all" else "", "q": self.q}
        found = {name: value for name, value in {**words, "cursor": self.cursor}.items() if value}
        return f"?{urlencode(found)}" if found else ""

    def but(self, **changes: Any) -> Selection:
        """This with changes, from its first page on."""
        return replace(self, **{"cursor": "", **changes})
