"""Snippets in texts: `{% snippet "name" %}` becomes what the snippet says, before the text is stored and parsed.

Nothing is looked up when a text is rendered: what a run says is all in its definition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from notifications.rendering import SOURCE_MAX

DEPTH_MAX = 3
"""How deep snippets may stand within snippets."""

_TAG = re.compile(r"""\{%-?\s{0,9}snippet\s{1,9}(?:"([^"\n]{1,64})"|'([^'\n]{1,64})')\s{0,9}-?%\}""")


class SnippetProblem(ValueError):
    """A snippet that there is none of, or that leads to itself, or makes a text too long."""


def names_in(text: str) -> Iterator[str]:
    """The snippets that a text names."""
    return (found[1] or found[2] for found in _TAG.finditer(text))


def expanded(text: str, snippets: Mapping[str, str]) -> str:
    """The text with its snippets in it. Raises SnippetProblem."""
    for _ in range(DEPTH_MAX + 1):
        if "snippet" not in text or _TAG.search(text) is None:
            return text
        if len(text) + sum(len(snippets.get(name, "")) for name in names_in(text)) > SOURCE_MAX:
            raise SnippetProblem(f"With its snippets it has more than {SOURCE_MAX} characters.")
        text = _TAG.sub(lambda found: _source(found[1] or found[2], snippets), text)
    raise SnippetProblem(f"Its snippets lie more than {DEPTH_MAX} deep in each other.")


def expanded_all(texts: Any, snippets: Mapping[str, str]) -> Any:
    """The same for every text of a template."""
    if isinstance(texts, str):
        return expanded(texts, snippets)
    if isinstance(texts, Mapping):
        return {name: expanded_all(one, snippets) for name, one in texts.items()}
    return [expanded_all(one, snippets) for one in texts] if isinstance(texts, list | tuple) else texts


def blanked(text: str) -> str:
    """The text with blanks in the place of its snippets: what is wrong with the rest is found where it stands."""
    return _TAG.sub(lambda found: " " * len(found[0]), text)


def _source(name: str, snippets: Mapping[str, str]) -> str:
    if name not in snippets:
        raise SnippetProblem(f"There is no snippet {name!r}; known: {', '.join(sorted(snippets)) or 'none'}.")
    return snippets[name]
