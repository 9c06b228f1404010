"""Connections that are kept: many letters each, and never for somebody else."""

import asyncio

import pytest

from channels_delivery.backends.email import Email
from channels_delivery.mail import pool
from channels_delivery.outcome import Accepted, Outcome, Temporary
from tests.channels_delivery.mail_server import MailServer

from .letters import outlet, parcel, send, with_backend

pytestmark = pytest.mark.once


def send_at_once(server: MailServer, count: int) -> list[Outcome]:
    async def all_of_them(backend: Email) -> list[Outcome]:
        way = outlet(server)
        return await asyncio.gather(*(backend.send(parcel(f"p{n}@a.example"), way, deadline=20) for n in range(count)))

    return with_backend(all_of_them)


def test_many_letters_share_a_few_connections(server: MailServer) -> None:
    outcomes = send_at_once(server, 400)

    assert all(isinstance(one, Accepted) for one in outcomes)
    assert sorted(server.recipients) == sorted(f"p{n}@a.example" for n in range(400))
    assert server.connections <= pool.AT_ONCE


def test_one_after_the_other_needs_one_connection_for_each_few_hundred(server: MailServer) -> None:
    send(*(parcel() for _ in range(pool.LETTERS + 1)), by=outlet(server))

    assert (server.connections, len(server.got)) == (2, pool.LETTERS + 1)


def test_tenants_and_sign_ins_share_none(server: MailServer) -> None:
    one, other_sender = outlet(server), outlet(server, **{"from": "other@acme.example"})
    send(parcel(tenant=1), parcel(tenant=2), parcel(tenant=1), parcel(tenant=1), by=[one, one, one, other_sender])

    assert [got.connection for got in server.got] == [1, 2, 1, 1]


def test_a_server_that_restarts_costs_no_try(server: MailServer) -> None:
    async def around_a_restart(backend: Email) -> list[Outcome]:
        way = outlet(server)
        before = await backend.send(parcel(), way, deadline=5)
        await asyncio.to_thread(server.drop_all)
        return [before, await backend.send(parcel(), way, deadline=5)]

    assert all(isinstance(one, Accepted) for one in with_backend(around_a_restart))
    assert server.connections == 2


def test_a_kept_connection_whose_server_has_had_enough_is_replaced(server: MailServer) -> None:
    async def until_it_has_enough(backend: Email) -> list[Outcome]:
        way = outlet(server)
        first = await backend.send(parcel(), way, deadline=5)
        server.says("mail", "421 4.7.0 too many for one connection")
        second = await backend.send(parcel(), way, deadline=5)
        server.says("mail", "421 4.7.0 too many", "421 4.7.0 for all")
        return [first, second, await backend.send(parcel(), way, deadline=5)]

    first, second, third = with_backend(until_it_has_enough)

    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert third == Temporary("provider", "421 4.7.0 for all")


def test_leave_is_taken_and_can_be_taken_twice(server: MailServer) -> None:
    async def twice(backend: Email) -> Outcome:
        await backend.send(parcel(), outlet(server), deadline=5)
        await backend.close()
        await backend.close()
        while server.open:
            await asyncio.sleep(0.01)
        return await backend.send(parcel(), outlet(server), deadline=5)

    assert isinstance(with_backend(twice), Accepted)
    assert server.connections == 2


def test_another_loop_gets_connections_of_its_own(server: MailServer) -> None:
    backend = Email()

    async def once() -> Outcome:
        return await backend.send(parcel(), outlet(server), deadline=5)

    assert isinstance(asyncio.run(once()), Accepted)
    assert isinstance(asyncio.run(once()), Accepted)
    asyncio.run(backend.close())
