"""A tenant's templates in a definition: folded into the steps they are for, so that a run has all its words in its own
version, and sees nothing of a template that is changed meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from notifications.models import Tenant

from .definition import Body, InForce
from .models import Wording
from .sending.template import merged

logger = logging.getLogger(__name__)

Texts = Sequence[Mapping[str, Any]]
Words = tuple[str, Texts]
"""The hash of a wording, and its texts: `channel`, `step`, `locale` and what stands there."""

_REMEMBERED_MAX = 2048
_words: dict[str, Words] = {}
_folded: dict[tuple[str, str], InForce] = {}


def words_of(hashes: Mapping[str, str], *, tenant: Tenant, using: str = "default") -> dict[str, Words]:
    """The wordings by workflow key, given the hash of each. Those that this process has not read yet in one statement;
    one that was written anew meanwhile is taken as it is now."""
    found = {key: _words[name] for key, name in hashes.items() if name in _words}
    missing = [key for key in hashes if key not in found]
    if missing:
        rows = Wording.objects.using(using).filter(tenant=tenant, key__in=missing).values_list("key", "hash", "texts")
        for key, name, texts in rows:
            found[key] = name, texts
            _remember(_words, name, found[key])
    return found


def folded(base: InForce, words: Words) -> InForce:
    """The version with these texts in it. A wording that does not fit costs itself and not the notice."""
    place = base[0], words[0]
    if place not in _folded:
        try:
            body = fold(base[1], words[1])
            made = body.hash(), body
        except Exception:
            logger.exception("wording.unusable workflow=%s wording=%s", base[1].key, words[0])
            made = base
        _remember(_folded, place, made)
    return _folded[place]


def fold(body: Body, texts: Texts) -> Body:
    return replace(body, steps=tuple(_steps(body.steps, texts)))


def _steps(steps: Sequence[Any], texts: Texts, within: str = "") -> Iterator[Mapping[str, Any]]:
    """The same steps, those of branches too, with the texts that are for them."""
    for place, step in enumerate(steps):
        position = f"{within}{place}"
        changed = {
            name: list(_steps(value, texts, f"{position}.{name}.")) if _is_branch(value) else value
            for name, value in step.items()
        }
        if step["kind"] == "escalate":
            changed["levels"] = [_level(one, position, texts) for one in step["levels"]]
        yield _worded(changed, position, texts) if step["kind"] == "send" else changed


def _level(level: Mapping[str, Any], position: str, texts: Texts) -> dict[str, Any]:
    return {**level, "send": [_worded(dict(send), position, texts) for send in level["send"]]}


def _worded(step: dict[str, Any], position: str, texts: Texts) -> dict[str, Any]:
    """First what is for every send on this channel, then what is for this one."""
    for one in sorted(texts, key=lambda one: (bool(one["step"]), one["locale"])):
        if one["channel"] != step["channel"] or one["step"] not in ("", position):
            continue
        if locale := one["locale"]:
            variants = step.get("locales", {})
            step["locales"] = {**variants, locale: merged(variants.get(locale, {}), one["texts"])}
        else:
            step["template"] = merged(step.get("template", {}), one["texts"])
    return step


def _is_branch(value: Any) -> bool:
    listed = isinstance(value, list | tuple) and bool(value)
    return listed and all(isinstance(one, Mapping) and "kind" in one for one in value)


def _remember(memory: dict[Any, Any], name: Any, value: Any) -> None:
    if len(memory) >= _REMEMBERED_MAX:
        memory.clear()
    memory[name] = value
