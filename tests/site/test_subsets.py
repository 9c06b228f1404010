"""Pluggable means: every set of apps that is closed downward boots, migrates and serves on its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from .processes import ROOT, environment

pytestmark = pytest.mark.once

SUBSETS = [
    "notifications",
    "notifications,preferences",
    "notifications,channels_delivery",
    "notifications,preferences,channels_delivery",
    "notifications,preferences,channels_delivery,workflows",
]
START = """
import django; django.setup()
from django.core.management import call_command
call_command("check")
call_command("migrate", verbosity=0)
call_command("makemigrations", check_changes=True, dry_run=True)
from django.test import Client
print([Client().get(path).status_code for path in ("/healthz", "/readyz")])
"""


@pytest.fixture(params=SUBSETS)
def env(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    return environment(
        NOTIFYHUB_APPS=request.param,
        NOTIFYHUB_TEST_DATABASE_URL=f"sqlite:///{tmp_path}/subset.sqlite3",
        DJANGO_SETTINGS_MODULE="notifyhub.settings.test",
    )


def test_each_subset_boots_migrates_and_answers(env: dict[str, str]) -> None:
    """In one process, because most of the time goes into starting one."""
    done = subprocess.run(
        [sys.executable, "-c", START], cwd=ROOT, env=env, text=True, capture_output=True, timeout=120, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip().endswith("[200, 200]"), done.stdout + done.stderr
