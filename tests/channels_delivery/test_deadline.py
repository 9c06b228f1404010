"""`within` beside what it stands for, `asyncio.timeout`: the same in every case that tells them apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

import pytest

from channels_delivery import deadline
from channels_delivery.deadline import within

Wait = Callable[[float], AbstractAsyncContextManager[Any]]
FOREVER = 30.0


@asynccontextmanager
async def ours(seconds: float) -> AsyncIterator[None]:
    with within(seconds):
        yield


T = TypeVar("T")


def _run(told: Coroutine[Any, Any, T]) -> T:
    async def soon() -> T:
        async with asyncio.timeout(10):
            return await told

    return asyncio.run(soon())


@pytest.fixture(params=[ours, asyncio.timeout], ids=["within", "asyncio"])
def wait(request: pytest.FixtureRequest) -> Wait:
    chosen: Wait = request.param
    return chosen


def test_what_takes_too_long_ends(wait: Wait) -> None:
    async def told() -> tuple[str, int]:
        async def waiting() -> str:
            try:
                async with wait(0.01):
                    await asyncio.Event().wait()
            except TimeoutError:
                return "late"
            return "never"

        task = asyncio.create_task(waiting())
        return await task, task.cancelling()

    assert _run(told()) == ("late", 0)


def test_what_ends_in_time_is_left_alone(wait: Wait) -> None:
    async def told() -> int:
        async with wait(0.01):
            found = await asyncio.sleep(0, 7)
        assert not await _waiting()
        return found

    assert _run(told()) == 7


def test_an_error_goes_through(wait: Wait) -> None:
    async def told() -> int:
        with pytest.raises(ConnectionResetError):
            async with wait(FOREVER):
                raise ConnectionResetError
        return await _waiting()

    assert not _run(told())


@pytest.mark.parametrize(("inner", "outer", "late"), [(0.01, FOREVER, "inner"), (FOREVER, 0.01, "outer")])
def test_of_two_the_one_that_is_over_says_so(wait: Wait, inner: float, outer: float, late: str) -> None:
    async def told() -> str:
        try:
            async with wait(outer):
                try:
                    async with wait(inner):
                        await asyncio.Event().wait()
                except TimeoutError:
                    return "inner"
        except TimeoutError:
            return "outer"
        return "neither"

    assert _run(told()) == late


def test_a_cancel_from_outside_stays_a_cancel(wait: Wait) -> None:
    async def told() -> bool:
        async def waiting() -> None:
            async with wait(FOREVER):
                begun.set()
                await asyncio.Event().wait()

        begun = asyncio.Event()
        task = asyncio.create_task(waiting())
        await begun.wait()
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert _run(told())


def test_a_cancel_that_comes_together_with_the_end_is_not_lost(wait: Wait) -> None:
    async def told() -> bool:
        async def waiting() -> None:
            async with wait(0.0):
                begun.set()
                await asyncio.Event().wait()

        begun = asyncio.Event()
        task = asyncio.create_task(waiting())
        await begun.wait()
        asyncio.get_running_loop().call_later(0, task.cancel)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert _run(told())


def test_one_timer_stands_for_all_and_rests_when_nobody_waits() -> None:
    async def told() -> tuple[int, list[str], int]:
        async def waiting(seconds: float) -> str:
            try:
                with within(seconds):
                    await asyncio.Event().wait()
            except TimeoutError:
                return "late"
            return "never"

        tasks = [asyncio.create_task(waiting(0.01)) for _ in range(50)]
        await asyncio.sleep(0)
        timers = _looks_to_come()
        return timers, await asyncio.gather(*tasks), _looks_to_come()

    assert _run(told()) == (1, ["late"] * 50, 0)


def _looks_to_come() -> int:
    """Timers of the running loop that are those of `within`."""
    timers = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    return sum("_look" in repr(one) for one in timers)


async def _waiting() -> int:
    return len(deadline._line().waits)
