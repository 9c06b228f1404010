"""Nothing inline, nothing from elsewhere, on every page."""

import pytest
from django.test import Client


@pytest.mark.parametrize("path", ["/healthz", "/admin/login/"])
@pytest.mark.django_db
def test_pages_forbid_inline_code(client: Client, path: str) -> None:
    policy = client.get(path).headers["Content-Security-Policy"]

    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_the_api_docs_allow_inline_style_alone(client: Client) -> None:
    policy = client.get("/api/docs/").headers["Content-Security-Policy"]

    assert "style-src 'self' 'unsafe-inline'" in policy
    assert policy.count("unsafe") == 1


def test_the_api_docs_load_their_script_from_us(client: Client) -> None:
    page = client.get("/api/docs/").content.decode()

    assert "<script>" not in page
    assert "cdn" not in page
