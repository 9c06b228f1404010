"""Production settings are strict for a public site, and refuse to start half set up."""

import pytest

from .processes import environment, manage

pytestmark = pytest.mark.once

PUBLIC = {
    "DATABASE_URL": "postgres://hub@db.invalid/hub",
    "REDIS_URL": "redis://redis.invalid/0",
    "PUBLIC_URL": "https://hub.example.com",
    "SECRET_KEY": "checked-only-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM",
}


def test_a_public_site_passes_the_deploy_check_without_a_warning() -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", env=environment(**PUBLIC))

    assert done.returncode == 0, done.stdout
    assert "0 silenced" in done.stdout


@pytest.mark.parametrize("missing", ["SECRET_KEY", "REDIS_URL"])
def test_a_missing_setting_is_named(missing: str) -> None:
    done = manage("check", env=environment(**{name: value for name, value in PUBLIC.items() if name != missing}))

    assert done.returncode != 0
    assert f"Set {missing} in the environment, or {missing}_FILE" in done.stdout


def test_a_secret_may_come_from_a_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("secrets") / "key"
    file.write_text("from-a-file-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJ\n")
    env = environment(**PUBLIC | {"SECRET_KEY_FILE": str(file)})

    done = manage("shell", "-v0", "-c", "from django.conf import settings; print(settings.SECRET_KEY)", env=env)

    assert done.stdout.strip() == file.read_text().strip()


def test_a_public_site_keeps_nothing_of_what_it_sends() -> None:
    """Neither mail nor webhooks are looked at there: the addresses do not exist."""
    code = (
        "from django.urls import resolve, Resolver404\n"
        "for path in ('/mailbox/', '/catcher/', '/catcher/acme/'):\n"
        "    try: print(resolve(path))\n"
        "    except Resolver404: print('nothing at', path)\n"
        "from django.conf import settings; print(settings.EMAIL_BACKEND)\n"
    )

    done = manage("shell", "-v0", "-c", code, env=environment(**PUBLIC))

    assert done.stdout.count("nothing at") == 3, done.stdout
    assert "mailbox.MailboxBackend" not in done.stdout
