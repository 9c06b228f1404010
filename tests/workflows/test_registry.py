"""One broken workflow, or one broken module, harms no other and is reported by `manage.py check`."""

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.apps import AppConfig, apps

from notifications.models import Category, NoticeType, Tab
from tests.cast import workflow
from workflows import catalogue, registry
from workflows.define import Category as Declared
from workflows.define import Workflow, delay, send, send_inbox
from workflows.models import Definition

HELLO = send_inbox(title="Hello")


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    """Leave the registry as it was."""
    before = {name: value.copy() for name, value in vars(registry._registry).items()}
    yield
    for name, value in before.items():
        setattr(registry._registry, name, value)


BROKEN: dict[str, tuple[Workflow, str]] = {
    "no steps": (workflow("t.broken"), "no steps"),
    "unknown step": (workflow("t.broken", {"kind": "teleport"}), "teleport"),
    "a step without a kind": (workflow("t.broken", {"channel": "inbox"}), "no step"),
    "unknown setting": (workflow("t.broken", {**HELLO, "colour": "red"}), "colour"),
    "unknown channel": (workflow("t.broken", {"kind": "send", "channel": "pigeon"}), '"pigeon" is not one of'),
    "a text that the channel does not take": (workflow("t.broken", send("webhook", subject="x")), "subject"),
    "words that expire at once": (workflow("t.broken", {**HELLO, "expires_after": 5}), "expires_after"),
    "a delay of nothing": (workflow("t.broken", delay()), "minimum|less than"),
    "a delay of both": (workflow("t.broken", {"kind": "delay", "seconds": 5, "until": "x"}), "exactly one"),
    "a broken template": (workflow("t.broken", send_inbox(title="{% if %}")), "template title"),
    "a broken button": (workflow("t.broken", send_inbox(title="t", actions=[("{{", "/x")])), "actions"),
    "an unknown filter": (workflow("t.broken", send_inbox(title="{{ a | frobnicate }}")), "frobnicate"),
    "a file": (workflow("t.broken", send_inbox(title="{% include 'x' %}")), "include"),
    "an unknown level": (workflow("t.broken", send_inbox(title="t", level="fatal")), "fatal"),
    "an unknown tab": (workflow("t.broken", HELLO, tab="attic"), "attic"),
    "a sample that does not fit": (workflow("t.broken", HELLO, payload={"required": ["x"]}, sample={"y": 1}), "sample"),
    "a schema that is none": (workflow("t.broken", HELLO, payload={"type": "unheard-of"}), "schema"),
    "a schema from elsewhere": (workflow("t.broken", HELLO, payload={"$ref": "http://127.0.0.1:9/x"}), "schema"),
    "a payload of no JSON": (workflow("t.broken", HELLO, payload=type("P", (), {"__annotations__": {}})), "schema"),
}


@pytest.mark.once
@pytest.mark.parametrize("name", BROKEN)
def test_a_workflow_with_a_mistake_is_refused_with_the_reason(name: str) -> None:
    broken, reason = BROKEN[name]

    assert not registry.register(broken)

    assert registry.get("t.broken") is None
    messages = [message for message in registry.check_registry() if "t.broken" in message.msg]
    assert messages
    assert any(any(word in message.msg for word in reason.split("|")) for message in messages), messages
    assert {message.id for message in messages} == {"notifyhub.E010"}


KEYS = ["", "x" * 101, "a b", "a/b", ".a", "a\nb", "ä", "a\0"]


@pytest.mark.once
@pytest.mark.parametrize("key", KEYS)
def test_a_key_that_no_table_or_address_could_hold_is_refused(key: str) -> None:
    assert not registry.register(workflow(key, HELLO, name="Fine"))
    assert not registry.register(Declared(key, "Fine"))
    assert not registry.register(workflow("t.fine", HELLO, category=key)) or not key

    assert registry.get(key) is None
    assert not [one for one in registry.categories() if one.key == key]
    assert {f"category {key}", key} <= {one.subject for one in registry.problems()}


@pytest.mark.once
@pytest.mark.parametrize("name", ["", "x" * 201, "a\nb"])
def test_a_name_that_no_table_could_hold_is_refused(name: str) -> None:
    assert not registry.register(workflow("t.name", HELLO, name=name))
    assert not registry.register(Declared("t.name", name))


@pytest.mark.django_db
def test_the_longest_names_are_published() -> None:
    key, name = "k" * 100, "n" * 200
    assert registry.register(Declared(key, name))
    assert registry.register(workflow(key, HELLO, name=name, category=key))

    catalogue.publish_static()

    assert NoticeType.objects.get(key=key).category == Category.objects.get(key=key)


@pytest.mark.once
def test_mending_it_takes_the_problem_off_the_record() -> None:
    registry.register(workflow("t.broken"))

    assert registry.register(workflow("t.broken", HELLO))

    assert not [one for one in registry.problems() if one.subject == "t.broken"]


@pytest.mark.once
def test_a_new_version_that_is_broken_takes_the_old_one_out_of_force() -> None:
    registry.register(workflow("t.once_good", HELLO))

    registry.register(workflow("t.once_good"))

    assert registry.get("t.once_good") is None


def app_with(code: str, name: str, folder: Path) -> None:
    """An installed app whose `notification_workflows` says this."""
    package = folder / name
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "notification_workflows.py").write_text(code)
    module: ModuleType = __import__(name)
    config = AppConfig(name, module)
    config.apps = apps
    apps.app_configs[name] = config


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Any]:
    sys.path.insert(0, str(tmp_path))
    yield lambda code, name: app_with(code, name, tmp_path)
    sys.path.remove(str(tmp_path))
    for name in [name for name in apps.app_configs if name.startswith("nh_test_")]:
        del apps.app_configs[name]
        sys.modules.pop(f"{name}.notification_workflows", None)
        sys.modules.pop(name, None)


def rewrite(folder: Path, code: str) -> None:
    """The module of the app `nh_test_sound` says this from now on."""
    (folder / "nh_test_sound" / "notification_workflows.py").write_text(code)
    shutil.rmtree(folder / "nh_test_sound" / "__pycache__", ignore_errors=True)
    importlib.invalidate_caches()


SOUND = """
from workflows.define import Category, Workflow, send_inbox
mine = Category("mine", "Mine")
sound = Workflow(key="t.sound", name="Sound", category="mine", steps=[send_inbox(title="x")])
"""


@pytest.mark.once
@pytest.mark.parametrize("code", ["1/0", "import no_such_module_anywhere", "def broken(:", "raise SystemError('x')"])
def test_a_module_that_cannot_be_imported_is_reported_and_the_others_are_found(installed: Any, code: str) -> None:
    installed(code, "nh_test_broken")
    installed(SOUND, "nh_test_sound")

    registry.discover()

    assert registry.get("t.sound")
    assert [one.subject for one in registry.problems()] == ["nh_test_broken.notification_workflows"]


@pytest.mark.once
def test_a_broken_workflow_beside_a_sound_one_stays_alone(installed: Any) -> None:
    installed(SOUND + "\nbad = Workflow(key='t.bad', name='Bad', steps=[])", "nh_test_mixed")

    registry.discover()

    assert registry.get("t.sound")
    assert registry.get("t.bad") is None
    assert {one.subject for one in registry.problems()} == {"t.bad"}


@pytest.mark.once
def test_finding_twice_changes_nothing(installed: Any) -> None:
    installed("1/0", "nh_test_broken")
    installed(SOUND, "nh_test_sound")

    for _ in range(2):
        registry.discover()

    assert len(registry.problems()) == 1
    assert [one.key for one in registry.all_workflows()].count("t.sound") == 1


@pytest.mark.once
def test_reloading_takes_up_what_changed_and_lets_go_of_what_is_gone(installed: Any, tmp_path: Path) -> None:
    installed(SOUND + "gone = Workflow(key='t.gone', name='Gone', steps=[send_inbox(title='x')])", "nh_test_sound")
    registry.discover()
    registry.register(workflow("t.by_hand", HELLO))

    rewrite(tmp_path, SOUND.replace('"Sound"', '"Changed"').replace('"mine"', '"yours"'))
    registry.reload()

    names = {one.key: one.name for one in registry.all_workflows()}
    assert (names["t.sound"], names["t.by_hand"], "t.gone" in names) == ("Changed", "T.By_Hand", False)
    assert {"yours"} == {one.key for one in registry.categories()} & {"mine", "yours"}


@pytest.mark.once
def test_reloading_a_module_that_broke_keeps_what_it_declared(installed: Any, tmp_path: Path) -> None:
    installed(SOUND, "nh_test_sound")
    registry.discover()

    rewrite(tmp_path, "1/0")
    registry.reload()
    assert registry.get("t.sound")
    assert [one.subject for one in registry.problems()] == ["nh_test_sound.notification_workflows"]

    rewrite(tmp_path, SOUND)
    registry.reload()
    assert not registry.problems()


@pytest.mark.once
def test_unregistering_takes_its_problem_along() -> None:
    registry.register(workflow("t.broken"))

    registry.unregister("t.broken")

    assert not [one for one in registry.problems() if one.subject == "t.broken"]


@pytest.mark.once
def test_the_statistics_count_steps_by_kind() -> None:
    before = registry.stats()
    registry.register(workflow("t.counted", HELLO, HELLO, delay(days=1)))
    registry.register(workflow("t.broken"))

    after = registry.stats()

    assert (after.workflows - before.workflows, after.problems - before.problems) == (1, 1)
    assert {kind: after.steps[kind] - before.steps.get(kind, 0) for kind in ("send", "delay")} == {
        "send": 2,
        "delay": 1,
    }


@pytest.mark.once
def test_the_built_in_workflows_have_no_problem() -> None:
    keys = {
        "session.escalated",
        "session.high_priority",
        "proposal.pending",
        "proposal.approved",
        "knowledge_gap.detected",
        "channel.disabled",
        "endpoint.disabled",
    }

    assert keys <= {one.key for one in registry.all_workflows()}
    assert not registry.problems()


@pytest.mark.once
def test_what_comes_with_us_is_said_outside_too() -> None:
    said = {
        one.key: {step["channel"] for step in one.steps if step["kind"] == "send"} for one in registry.all_workflows()
    }

    assert said["session.escalated"] == {"inbox", "email", "webhook", "slack", "teams"}
    assert said["proposal.pending"] == {"inbox", "email", "webhook"}
    assert said["knowledge_gap.detected"] == {"inbox", "webhook"}


@pytest.mark.once
def test_every_built_in_workflow_has_a_sample_to_play_with() -> None:
    assert all(one.sample and one.description and one.category for one in registry.all_workflows())


@pytest.mark.django_db
def test_publishing_tells_the_apps_below_and_is_idempotent() -> None:
    registry.register(Declared("t.cat", "Cat"))
    steps = HELLO, send("webhook", title="Out")
    registry.register(workflow("t.published", *steps, category="t.cat", critical=True, tab="errors"))

    for _ in range(2):
        catalogue.publish_static()

    row = NoticeType.objects.get(key="t.published")
    assert (row.name, row.critical, row.kinds, row.tab) == ("T.Published", True, ["inbox", "webhook"], Tab.ERRORS)
    assert row.category == Category.objects.get(key="t.cat")
    assert Definition.objects.filter(key="t.published").count() == 1


@pytest.mark.django_db
def test_a_new_version_is_a_new_definition_beside_the_old_one() -> None:
    for title in ("one", "two"):
        registry.register(workflow("t.versions", send_inbox(title=title)))
        catalogue.publish_static()

    assert Definition.objects.filter(key="t.versions").count() == 2
    assert NoticeType.objects.filter(key="t.versions").count() == 1
