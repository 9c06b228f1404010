from collections.abc import Iterator

import pytest

from .clients import Post, by_aiohttp, by_requests
from .servers import Canary


@pytest.fixture(params=[by_aiohttp, by_requests], ids=["aiohttp", "requests"])
def post(request: pytest.FixtureRequest) -> Post:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def canary() -> Iterator[Canary]:
    listening = Canary()
    yield listening
    listening.close()
