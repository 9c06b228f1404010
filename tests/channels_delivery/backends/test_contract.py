"""What every backend promises, whatever it sends by: one suite that all of them are walked through."""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import jsonschema_rs
import pytest

from channels_delivery.backend import Backend, Words
from channels_delivery.backends import backends
from channels_delivery.outcome import Accepted, Delivered, Outcome, Permanent, Temporary
from channels_delivery.own.place import ADDRESS_MAX
from channels_delivery.parcel import Parcel
from notifications.content import Action, Content

from .stage import AT, SECRET, Stage, stages

pytestmark = pytest.mark.once
T = TypeVar("T")
STAGES = stages()
KINDS = sorted({stage.kind for stage in STAGES.values()})
CONTENT = Content(
    "Order 7 <has> left — ünïcode",
    "Two lines\nof text",
    url="https://acme.example/o/7",
    level="success",
    actions=(Action("Track", "https://acme.example/t/7"),),
)
DEADLINE = 5.0


@pytest.fixture(params=sorted(STAGES))
def stage(request: pytest.FixtureRequest, settings: Any, tmp_path: Any) -> Iterator[Stage]:
    with STAGES[request.param]() as one:
        given = {**one.site, "ALLOW_ORIGINS": one.origins}
        if authority := getattr(one, "ca", ""):
            (tmp_path / "ca.pem").write_text(authority)
            given["CA_FILE"] = str(tmp_path / "ca.pem")
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": given}
        yield one


@pytest.fixture
def backend(stage: Stage) -> Backend:
    return backends()[stage.kind]


@pytest.fixture
def parcel(stage: Stage, backend: Backend) -> Parcel:
    """Of what the backend itself composed."""
    return stage.parcel(json.loads(json.dumps(backend.compose(words()))))


def words() -> Words:
    return Words(CONTENT, AT, key="order.shipped", payload={"order": 7}, tenant="Acme")


def with_backend(backend: Backend, work: Callable[[], Awaitable[T]]) -> T:
    async def run() -> T:
        try:
            return await work()
        finally:
            await backend.close()

    return asyncio.run(run())


def send(backend: Backend, stage: Stage, *parcels: Parcel, deadline: float = DEADLINE) -> list[Outcome]:
    async def all_of_them() -> list[Outcome]:
        return [await backend.send(one, stage.outlet, deadline=deadline) for one in parcels]

    return with_backend(backend, all_of_them)


def test_every_backend_is_on_stage() -> None:
    """A backend without a `stage_<kind>.py` is one that nobody has seen fail."""
    assert set(backends()) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_what_it_is(kind: str) -> None:
    backend = backends()[kind]

    assert re.fullmatch(r"[a-z][a-z0-9_]{0,31}", kind)
    assert backend.kind == kind
    assert str(backend.name)
    assert backend.personal or backend.team
    assert backend.cap > 0


@pytest.mark.parametrize("kind", KINDS)
def test_its_schemas_are_schemas_and_know_no_other_fields(kind: str) -> None:
    backend = backends()[kind]
    for schema in (backend.settings_schema, backend.secrets_schema):
        jsonschema_rs.meta.validate(json.loads(json.dumps(schema)))
        assert schema["type"] == "object"
        assert schema["additionalProperties"] is False
    for field, schema in backend.template_fields.items():
        jsonschema_rs.meta.validate(json.loads(json.dumps(schema)))
        assert schema["type"] == "string", field
        assert field not in {"title", "body"}


WRITTEN = {"email": "me@home.example", "phone": "+49 151 23456789", "url": "https://hooks.example.com/me"}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if backends()[kind].own])
def test_what_people_add_is_read_or_refused_in_words(kind: str) -> None:
    backend, way = backends()[kind], {"countries": ["DE"]}

    place = backend.own_place(WRITTEN[backend.own], {}, way=way)
    again = backend.own_place(WRITTEN[backend.own], {}, way=way)
    assert (place.address, place.same) == (again.address, again.same)
    assert 0 < len(place.address) <= ADDRESS_MAX
    assert json.loads(json.dumps(place.secrets)) == place.secrets
    for nonsense in ("", "x", "me@", "+0", "https://127.0.0.1/", "javascript:alert(1)", "a\r\nb", "é" * 300):
        with pytest.raises(ValueError, match=r"\w"):
            backend.own_place(nonsense, {}, way=way)


@pytest.mark.parametrize("kind", KINDS)
def test_who_reaches_people_by_choice_lets_them_add_a_place(kind: str) -> None:
    backend = backends()[kind]

    assert not backend.by_choice or (backend.own and backend.personal and not backend.serves_people({}))


def test_a_channel_that_works_has_no_faults(stage: Stage, backend: Backend) -> None:
    for schema, given in ((backend.settings_schema, stage.settings), (backend.secrets_schema, stage.secrets)):
        jsonschema_rs.Draft202012Validator(schema).validate(given)

    assert backend.faults(stage.settings, stage.secrets) == {}


def test_words_become_parts_that_can_be_stored(backend: Backend) -> None:
    parts = backend.compose(words())

    assert json.loads(json.dumps(parts, allow_nan=False)) == parts == backend.compose(words())
    assert "Order 7" in json.dumps(parts)


def test_what_is_taken_is_a_success(stage: Stage, backend: Backend, parcel: Parcel) -> None:
    [outcome] = send(backend, stage, parcel)

    assert isinstance(outcome, Delivered | Accepted)
    assert len(stage.ids) == 1


def test_a_no_for_now_is_temporary(stage: Stage, backend: Backend, parcel: Parcel) -> None:
    stage.refuse_for_now()

    [outcome] = send(backend, stage, parcel)

    assert isinstance(outcome, Temporary)
    assert outcome.detail


def test_a_no_for_good_is_permanent(stage: Stage, backend: Backend, parcel: Parcel) -> None:
    stage.refuse_for_good()

    [outcome] = send(backend, stage, parcel)

    assert isinstance(outcome, Permanent)
    assert outcome.detail


def test_silence_ends_with_the_deadline(stage: Stage, backend: Backend, parcel: Parcel) -> None:
    stage.hang()

    async def once() -> Outcome:
        async with asyncio.timeout(3):
            return await backend.send(parcel, stage.outlet, deadline=0.3)

    outcome = with_backend(backend, once)

    assert isinstance(outcome, Temporary if stage.drops_doubles else Permanent)
    assert outcome.code == "timeout"


def test_an_answer_that_nobody_understands_is_an_outcome(stage: Stage, backend: Backend, parcel: Parcel) -> None:
    stage.babble()

    [outcome] = send(backend, stage, parcel)

    assert isinstance(outcome, Temporary if stage.drops_doubles else Permanent)
    assert outcome.code in {"provider", "network"}


def test_where_nobody_listens_it_is_the_network(stage: Stage, backend: Backend, parcel: Parcel) -> None:
    outlet = stage.outlet
    stage.leave()

    async def once() -> Outcome:
        return await backend.send(parcel, outlet, deadline=DEADLINE)

    assert with_backend(backend, once) == Temporary("network", "The address could not be reached.")


def test_each_try_has_the_same_id_and_each_parcel_its_own(stage: Stage, backend: Backend, parcel: Parcel) -> None:
    stage.refuse_for_now()
    other = stage.parcel(parcel.parts)
    send(backend, stage, parcel)
    stage.take()
    send(backend, stage, parcel._replace(attempt=2), other)

    taken = stage.ids
    assert len(taken) >= 2
    assert len(set(taken)) == 2
    assert parcel.stable_id.hex in "".join(taken)


def test_cancelled_in_the_middle_it_can_send_again(stage: Stage, backend: Backend, parcel: Parcel) -> None:
    stage.hang()

    async def cancel_and_send() -> Outcome:
        task = asyncio.ensure_future(backend.send(parcel, stage.outlet, deadline=DEADLINE))
        await asyncio.wait([task], timeout=0.2)
        task.cancel()
        await asyncio.wait([task])
        stage.take()
        return await backend.send(parcel, stage.outlet, deadline=DEADLINE)

    assert isinstance(with_backend(backend, cancel_and_send), Delivered | Accepted)


@pytest.mark.parametrize("mood", ["take", "refuse_for_now", "refuse_for_good", "babble", "hang"])
def test_secrets_are_told_to_nobody(
    stage: Stage, backend: Backend, parcel: Parcel, caplog: pytest.LogCaptureFixture, mood: str
) -> None:
    caplog.set_level(logging.DEBUG)
    getattr(stage, mood)()

    said = f"{send(backend, stage, parcel, deadline=0.3)} {stage.outlet!r} {backend!r} {vars(backend)} {caplog.text}"

    for form in (SECRET, *(str(one) for one in _leaves(stage.secrets))):
        assert form not in said


def test_it_can_be_closed_twice_and_used_afterwards(stage: Stage, backend: Backend, parcel: Parcel) -> None:
    async def twice() -> list[Outcome]:
        first = await backend.send(parcel, stage.outlet, deadline=DEADLINE)
        await backend.close()
        await backend.close()
        return [first, await backend.send(parcel, stage.outlet, deadline=DEADLINE)]

    assert all(isinstance(one, Delivered | Accepted) for one in with_backend(backend, twice))


def _leaves(given: Any) -> Iterator[Any]:
    match given:
        case dict():
            for value in given.values():
                yield from _leaves(value)
        case list():
            for value in given:
                yield from _leaves(value)
        case _:
            yield given
