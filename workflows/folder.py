"""Workflows as files, so that they can live in git: a tenant's own, with its templates, layouts and snippets.

workflows/<key>.json    what it is made of, and whether it is published
templates/<key>.json    the tenant's words for a workflow, static ones too
layouts/<name>.html     snippets/<name>.liquid
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from notifications.models import Tenant

from .definition import load_many
from .design import Design
from .models import Fragment, FragmentKind, Template, Workflow

SIZE_MAX = 1024 * 1024
_JSON, _TEXT = ("workflows", "templates"), {"layouts": ".html", "snippets": ".liquid"}


class FileProblem(ValueError):
    """A file that cannot be read as what it has to be."""


@dataclass(frozen=True)
class Folder:
    """By file name, without its ending: what the file says."""

    workflows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    templates: Mapping[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    layouts: Mapping[str, str] = field(default_factory=dict)
    snippets: Mapping[str, str] = field(default_factory=dict)

    def parts(self) -> Iterator[tuple[str, Any]]:
        """The content of each file by its path."""
        for part in _JSON:
            yield from ((f"{part}/{quote(name)}.json", said) for name, said in getattr(self, part).items())
        for part, ending in _TEXT.items():
            yield from ((f"{part}/{quote(name)}{ending}", said) for name, said in getattr(self, part).items())


def folder_of(tenant: Tenant) -> Folder:
    """What the tenant has: of a published workflow the version in force, of any other the draft."""
    rows = list(Workflow.objects.filter(tenant=tenant).order_by("key"))
    bodies = load_many([row.published_id for row in rows if row.published_id])
    workflows = {}
    for row in rows:
        body = bodies.get(row.published_id or "")
        design = Design.of_body(body, tags=row.tags) if body else Design.of(row)
        workflows[row.key] = {"status": str(row.status), **design.to_json()}
    templates: dict[str, list[Mapping[str, Any]]] = {}
    for one in Template.objects.filter(tenant=tenant).order_by("workflow", "channel", "step", "locale"):
        said = {name: getattr(one, name) for name in ("channel", "step", "locale", "layout", "texts")}
        templates.setdefault(one.workflow, []).append(said)
    fragments: dict[str, dict[str, str]] = {kind: {} for kind in FragmentKind.values}
    for fragment in Fragment.objects.filter(tenant=tenant).order_by("name"):
        fragments[fragment.kind][fragment.name] = fragment.source
    return Folder(workflows, templates, fragments[FragmentKind.LAYOUT], fragments[FragmentKind.SNIPPET])


def read(path: Path) -> Folder:
    """Raises FileProblem with the path of the file, and where in it."""
    if not path.is_dir():
        raise FileProblem(f"{path} is no folder.")
    said: dict[str, dict[str, Any]] = {part: {} for part in (*_JSON, *_TEXT)}
    for part in _JSON:
        for file in sorted(path.glob(f"{part}/*.json")):
            said[part][unquote(file.stem)] = _json(file, list if part == "templates" else dict)
    for part, ending in _TEXT.items():
        for file in sorted(path.glob(f"{part}/*{ending}")):
            said[part][unquote(file.name.removesuffix(ending))] = _text(file)
    return Folder(**said)


def write(path: Path, folder: Folder) -> list[str]:
    """The paths of the files that changed. Files of ours whose content is gone are removed."""
    changed, wanted = [], dict(folder.parts())
    for name, said in wanted.items():
        file = path / name
        text = said if isinstance(said, str) else json.dumps(said, indent=2, ensure_ascii=False) + "\n"
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            changed.append(name)
    endings = {**dict.fromkeys(_JSON, ".json"), **_TEXT}
    for part, ending in endings.items():
        for file in path.glob(f"{part}/*{ending}"):
            name = f"{part}/{file.name}"
            if name not in wanted:
                file.unlink()
                changed.append(name)
    return sorted(changed)


def differences(files: Folder, tenant: Folder) -> list[str]:
    """Where the files and the tenant do not agree, in words."""
    in_files, in_tenant = dict(files.parts()), dict(tenant.parts())
    found = []
    for name in sorted({**in_files, **in_tenant}):
        if name not in in_tenant:
            found.append(f"{name}: only in the files")
        elif name not in in_files:
            found.append(f"{name}: only in the database")
        elif (fields := _differing(in_files[name], in_tenant[name])) is not None:
            found.append(f"{name}: differs{fields}")
    return found


def _differing(one: Any, other: Any) -> str | None:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        design = {**_DEFAULTS, **one}
        fields = sorted(name for name in {**design, **other} if design.get(name) != other.get(name))
        return f" in {', '.join(fields)}" if fields else None
    return None if one == other else ""


_DEFAULTS: Mapping[str, Any] = {"status": "draft", **Design("").to_json()}


def _json(file: Path, kind: type) -> Any:
    try:
        said = json.loads(_text(file))
    except ValueError as error:
        raise FileProblem(f"{file}: {error}") from error
    if not isinstance(said, kind):
        raise FileProblem(f"{file}: must hold {'a list' if kind is list else 'an object'}.")
    return said


def _text(file: Path) -> str:
    if file.stat().st_size > SIZE_MAX:
        raise FileProblem(f"{file}: has more than {SIZE_MAX} bytes.")
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FileProblem(f"{file}: is not UTF-8.") from error
