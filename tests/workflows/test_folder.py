"""Workflows as files: what is exported is imported as the same, and what drifted is told."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from notifications.kernel.clock import db_now
from notifications.models import Tenant
from tests.cast import Publish, workflow
from workflows import dynamic, folder, texts
from workflows.define import send_email, send_inbox
from workflows.design import Design
from workflows.models import Template, Workflow, WorkflowVersion
from workflows.texts import Place

pytestmark = pytest.mark.django_db


def run(*arguments: Any) -> str:
    out = StringIO()
    call_command("notifyhub_workflows", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.fixture
def furnished(acme: Tenant, globex: Tenant, publish: Publish) -> Tenant:
    """Acme with something of everything; Globex with nothing."""
    publish(workflow("t.static", send_inbox(title="For all"), send_email(title="For all")))
    steps = [send_inbox(title="Ünïcode {{ payload.x }}", expires_after=None)]
    for key in ("t:published", "t.draft", "t.archived"):
        dynamic.create(acme, key, Design(key, tags=["a"], steps=steps))
    for key in ("t:published", "t.archived"):
        dynamic.publish(Workflow.objects.get(tenant=acme, key=key), now=db_now())
    dynamic.archive(Workflow.objects.get(tenant=acme, key="t.archived"))
    texts.save_fragment(acme, "snippet", "sign", "Yours")
    texts.save_fragment(acme, "layout", "brand", "<b>Acme</b><!-- content -->{% snippet 'sign' %}")
    texts.create(acme, Place("t.static", "email"), {"html": "x"}, layout="brand")
    texts.create(acme, Place("t.static", "inbox", "0", "de"), {"title": "Für alle"})
    return acme


def test_what_is_exported_is_imported_as_the_same(furnished: Tenant, globex: Tenant, tmp_path: Path) -> None:
    run("--tenant", "acme", "--export", tmp_path)
    run("--tenant", "globex", "--import", tmp_path)

    assert folder.folder_of(globex) == folder.folder_of(furnished) == folder.read(tmp_path)
    assert "agree" in run("--tenant", "globex", "--check", tmp_path)
    assert {path.name for path in tmp_path.glob("*/*")} == {
        "t%3Apublished.json", "t.draft.json", "t.archived.json", "t.static.json", "sign.liquid", "brand.html",
    }  # fmt: skip
    assert WorkflowVersion.objects.get(tenant=globex).published_by == "notifyhub_workflows --import"


def test_importing_twice_changes_nothing(furnished: Tenant, globex: Tenant, tmp_path: Path) -> None:
    run("--tenant", "acme", "--export", tmp_path)
    run("--tenant", "globex", "--import", tmp_path)

    assert run("--tenant", "globex", "--import", tmp_path) == "0 changes.\n"
    assert run("--tenant", "acme", "--export", tmp_path) == "0 files changed.\n"


def test_a_dry_run_says_it_and_writes_nothing(furnished: Tenant, globex: Tenant, tmp_path: Path) -> None:
    run("--tenant", "acme", "--export", tmp_path)

    said = run("--tenant", "globex", "--import", tmp_path, "--dry-run")

    assert "workflows/t:published: created, published as version 1" in said
    assert "dry run" in said
    assert not Workflow.objects.filter(tenant=globex).exists()


def test_what_drifted_is_told_and_fails_the_check(furnished: Tenant, tmp_path: Path) -> None:
    run("--tenant", "acme", "--export", tmp_path)
    dynamic.change(Workflow.objects.get(tenant=furnished, key="t.draft"), name="Other", critical=True)
    dynamic.create(furnished, "t.new", Design("New"))
    (tmp_path / "snippets" / "more.liquid").write_text("x")
    (tmp_path / "layouts" / "brand.html").write_text("other")

    with pytest.raises(CommandError) as drift:
        run("--tenant", "acme", "--check", tmp_path)

    assert str(drift.value).splitlines()[:-1] == [
        "layouts/brand.html: differs",
        "snippets/more.liquid: only in the files",
        "workflows/t.draft.json: differs in critical, name",
        "workflows/t.new.json: only in the database",
    ]


def test_a_draft_that_was_edited_after_its_publication_is_no_drift(furnished: Tenant, tmp_path: Path) -> None:
    run("--tenant", "acme", "--export", tmp_path)
    dynamic.change(Workflow.objects.get(tenant=furnished, key="t:published"), name="Not yet")

    assert "agree" in run("--tenant", "acme", "--check", tmp_path)


def test_a_file_of_what_is_gone_is_removed_by_an_export(furnished: Tenant, tmp_path: Path) -> None:
    run("--tenant", "acme", "--export", tmp_path)
    (tmp_path / "README.md").write_text("ours")
    dynamic.delete(Workflow.objects.get(tenant=furnished, key="t.draft"))

    assert run("--tenant", "acme", "--export", tmp_path) == "workflows/t.draft.json\n1 files changed.\n"
    assert (tmp_path / "README.md").exists()


WRONG: dict[str, tuple[str, str, str]] = {
    "no JSON": ("workflows/a.json", '{"name": ', "a.json: Expecting value: line 1"),
    "no object": ("workflows/a.json", "[]", "must hold an object"),
    "no list": ("templates/a.json", "{}", "must hold a list"),
    "an unknown field": ("workflows/a.json", '{"name": "A", "colour": 1}', "workflows/a: colour: Unknown"),
    "no name": ("workflows/a.json", "{}", "workflows/a: name: Is missing"),
    "a status that is none": ("workflows/a.json", '{"name": "A", "status": "live"}', "status"),
    "published with a mistake": ("workflows/a.json", '{"name": "A", "status": "published"}', "steps: It has no steps"),
    "a key that is none": ("workflows/a%2Fb.json", '{"name": "A"}', "key"),
    "a template of nothing": ("templates/none.json", '[{"channel": "inbox", "texts": {"title": "x"}}]', "no workflow"),
    "a template that is none": ("templates/t.static.json", "[5]", "must be an object"),
    "a broken snippet": ("snippets/a.liquid", "{% if %}", "snippets/a: source: line 1"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_names_its_file_and_nothing_is_written(
    furnished: Tenant, globex: Tenant, tmp_path: Path, name: str
) -> None:
    file, said, words = WRONG[name]
    run("--tenant", "acme", "--export", tmp_path)
    fine = tmp_path / "workflows" / "zz.json"
    fine.write_text(json.dumps({"name": "Fine"}))
    (tmp_path / file).write_text(said)

    with pytest.raises(CommandError) as problem:
        run("--tenant", "globex", "--import", tmp_path)

    assert words in str(problem.value)
    assert not Workflow.objects.filter(tenant=globex).exists()
    assert not Template.objects.filter(tenant=globex).exists()


def test_a_folder_that_is_none_is_told(acme: Tenant, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no folder"):
        run("--check", tmp_path / "nothing")


def test_the_list_says_origin_status_and_problems(furnished: Tenant) -> None:
    dynamic.change(Workflow.objects.get(tenant=furnished, key="t.draft"), steps=[{"kind": "teleport"}])
    dynamic.change(Workflow.objects.get(tenant=furnished, key="t:published"), name="Changed")

    lines = run("--tenant", "acme").splitlines()

    assert "t.static  static, published" in lines
    assert "t:published  dynamic, published, changed since" in lines
    assert "t.archived  dynamic, archived" in lines
    assert lines[lines.index("t.draft  dynamic, draft") + 1].startswith(
        "    problem: Step 1: there is no step 'teleport'"
    )
    assert "3 dynamic" in lines[-1]


def test_without_a_tenant_there_are_the_static_ones(furnished: Tenant) -> None:
    said = run()

    assert "t.static  static, published" in said
    assert "t.draft" not in said
