"""What differs between two versions of a workflow, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from notifications.kernel.schema import Path, field_name

from .definition import Body


@dataclass(frozen=True)
class Change:
    """`where`: as `steps[0].template.title`; what was there before and is there after, None where there was nothing."""

    where: str
    before: Any = None
    after: Any = None

    @property
    def verb(self) -> str:
        return "added" if self.before is None else "removed" if self.after is None else "changed"


def diff(before: Body, after: Body) -> list[Change]:
    """In the order of the fields. A step that was put between others is one change, not one of each behind it."""
    return list(_of_maps(before.to_json(), after.to_json(), ()))


def _changes(before: Any, after: Any, path: Path) -> Iterator[Change]:
    if before == after and type(before) is type(after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _of_maps(before, after, path)
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple):
        yield from _of_lists(before, after, path)
    else:
        yield Change(field_name(path), before, after)


def _of_maps(before: Mapping[str, Any], after: Mapping[str, Any], path: Path) -> Iterator[Change]:
    for name in {**before, **after}:
        yield from _changes(before.get(name), after.get(name), (*path, name))


def _of_lists(before: Any, after: Any, path: Path) -> Iterator[Change]:
    old, new = ([json.dumps(one, sort_keys=True) for one in side] for side in (before, after))
    for verb, start, end, new_start, new_end in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if verb == "equal":
            continue
        paired = min(end - start, new_end - new_start)
        for place in range(paired):
            yield from _changes(before[start + place], after[new_start + place], (*path, new_start + place))
        for place in range(start + paired, end):
            yield Change(field_name((*path, place)), before[place], None)
        for place in range(new_start + paired, new_end):
            yield Change(field_name((*path, place)), None, after[place])
