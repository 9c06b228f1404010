"""Pushes from the outbox of one process, encrypted, sent and on record, beside aiohttp that just encrypts and posts,
and beside `pywebpush`; and one encryption alone."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count as numbers
from typing import Any

from benchmarks import exits, outgoing, product
from benchmarks.goals import Line
from benchmarks.harness import Rounds, Side, Slice, Spread, alternate, repeat
from benchmarks.peers.client import with_our_packages
from benchmarks.report import Report
from benchmarks.sinks.client import HttpSink
from notifyhub.interpreter import calm_collector, take_short_turns

AT_ONCE = 100
"""Requests under way at a time, ours and those of aiohttp."""

ALONE = 0.4
"""Seconds of a slice of encryptions."""


@dataclass(frozen=True, slots=True)
class Size:
    pushes: int
    by_peer: int
    tenants: int
    people: int
    rounds: int


FULL = Size(pushes=2_000, by_peer=500, tenants=10, people=100, rounds=15)
QUICK = Size(pushes=400, by_peer=100, tenants=10, people=20, rounds=2)


@dataclass(frozen=True, slots=True)
class Device:
    """A browser of a person, as the outbox is told of it; `subscription` is what the peers get."""

    tenant: int
    recipient: int
    address: str
    slots: dict[str, Any]
    subscription: dict[str, Any]


def measure(*, quick: bool) -> Report:
    from channels_delivery.conf import conf
    from channels_delivery.push.vapid import identity_of

    size = QUICK if quick else FULL
    calm_collector()  # as a worker process has its interpreter
    take_short_turns()
    product.fresh_site()
    exits.certificate()
    with HttpSink(exits.HTTP, exits.HOSTS) as sink, with_our_packages("bare_push") as bare:
        found = devices(sink.origins, size)
        outgoing.settle()
        told = words()
        payload = sealed_of(told, found[0]).decode()
        given = {"devices": [one.subscription for one in found], "private": conf().vapid_private_key}
        versions = bare.ask(do="setup", **given, payload=payload, at_once=AT_ONCE)
        sides = {
            "outbox": sent(found, told, size.pushes, sink),
            "aiohttp": bare.slice(by="aiohttp", count=size.pushes),
            "pywebpush": bare.slice(by="pywebpush", count=size.by_peer),
        }
        done = alternate(sides, rounds=size.rounds)
    alone = alternate(sealings(found[0], payload.encode()), rounds=size.rounds)
    signed = identity_of(conf().vapid_private_key, conf().vapid_subject).signed
    lines = [*compared(done), sealing(alone), tokens(signed)]
    counts = {
        "devices": len(found),
        "push services": len(exits.HOSTS),
        "bytes of a payload": len(payload.encode()),
        "on record at the end": outgoing.on_record(),
        **versions,
    }
    return Report("push", lines, counts=counts, rounds={"push": done.as_json(), "sealing": alone.as_json()})


def devices(origins: Sequence[str], size: Size) -> list[Device]:
    """One for each person, dealt out to the push services."""
    from channels_delivery import endpoints
    from channels_delivery.models import Endpoint
    from channels_delivery.suppression import digest
    from notifications.kernel.clock import db_now

    found, keys, place = list[Device](), fresh_keys(), numbers()
    for owner in [product.add_tenant(f"push-{n}") for n in range(size.tenants)]:
        product.add_people(owner, size.people)
        people = product.people_of(owner)
        urls = [f"{origins[n % len(origins)]}/push/{n}" for _, n in zip(people, place, strict=False)]
        Endpoint.objects.bulk_create(
            Endpoint(
                tenant=owner,
                recipient_id=person,
                kind="push",
                address=url,
                origin=url.partition("/push")[0],
                digest=digest(owner.pk, "push", url),
                secrets=keys,
                verified_at=db_now(),
                created_at=db_now(),
            )
            for person, url in zip(people, urls, strict=True)
        )
        for person, spots in endpoints.reach("push", people, tenant_id=owner.pk).items():
            subscription = {"endpoint": spots[0].address, "keys": keys}
            found.append(Device(owner.pk, person, spots[0].address, dict(spots[0].slots), subscription))
    return found


def fresh_keys() -> dict[str, str]:
    from channels_delivery.push.spellings import encoded
    from channels_delivery.push.vapid import fresh_pair

    return {"p256dh": fresh_pair().public, "auth": encoded(os.urandom(16))}


def words() -> dict[str, Any]:
    """The parts of a push, as the engine has them made."""
    from datetime import UTC, datetime

    from channels_delivery.backend import Words
    from channels_delivery.backends import backends
    from notifications.content import Action, Content

    content = Content(
        title="Session was escalated",
        body="A person is waiting for an answer: waits for 20 minutes. " + "What was said until now. " * 8,
        url="https://hub.example.com/sessions/1",
        actions=(Action("Answer", "https://hub.example.com/sessions/1/answer"),),
    )
    return dict(backends()["push"].compose(Words(content=content, at=datetime.now(UTC), tenant="Acme")))


def sealed_of(told: dict[str, Any], to: Device) -> bytes:
    """The payload that is encrypted, for the sides that get it ready-made."""
    from uuid import uuid4

    from channels_delivery.push.payload import fit

    known = uuid4().hex
    shown = {name: told[name] for name in ("title", "body", "url", "actions") if name in told}
    return fit({"id": known, "tag": known, **shown})


def sent(to: Sequence[Device], told: dict[str, Any], count: int, sink: HttpSink) -> Side:
    """A side: what is in the outbox already, until all of it is accepted and on record. Enqueueing is not timed."""
    from channels_delivery.courier import drain

    numbered = numbers()

    def side() -> Slice:
        enqueue([(next(numbered), to[n % len(to)]) for n in range(count)], told)
        before, posts = outgoing.on_record(), sink.posts()
        start = time.perf_counter()
        drain(slots=AT_ONCE)
        seconds = time.perf_counter() - start
        after = outgoing.on_record()
        grown = {what: after.get(what, 0) - before.get(what, 0) for what in ("attempts", "accepted")}
        assert grown == {"attempts": count, "accepted": count}, f"on record: {grown}"
        assert sink.posts() - posts == count, "the push services did not get each once"
        return Slice(count, seconds)

    return side


def enqueue(to: Sequence[tuple[int, Device]], told: dict[str, Any]) -> None:
    from urllib.parse import urlsplit

    from channels_delivery.outbox import Address, Letter, Way

    outgoing.put(
        Letter(
            one.tenant,
            "push",
            "bench.session_escalated",
            parts=told,
            to=[Address(one.address, one.recipient, one.slots)],
            way=Way(urlsplit(one.address).hostname or ""),
            origin_step=str(number),
        )
        for number, one in to
    )


def sealings(to: Device, payload: bytes) -> dict[str, Side]:
    from benchmarks.peers import plain_sealing
    from channels_delivery.push.sealing import Keys, seal
    from channels_delivery.push.spellings import decoded

    keys = Keys(**to.subscription["keys"])
    point, auth = decoded(keys.p256dh), decoded(keys.auth)
    return {
        "ours": repeat(lambda: seal(payload, keys=keys), seconds=ALONE),
        "straight": repeat(lambda: plain_sealing.seal(payload, point=point, auth=auth), seconds=ALONE),
    }


def compared(done: Rounds) -> list[Line]:
    work, lines = "pushes from the outbox to fast push services", []
    goals = [("aiohttp", "bare aiohttp, one encryption each, 100 at a time", 0.6)]
    goals += [("pywebpush", "`pywebpush.webpush()` with a session of requests", 2.0)]
    for peer, against, goal in goals:
        detail = f"{done.rate('outbox').median:,.0f}/s against {done.rate(peer).median:,.0f}"
        ratio, control = done.rate_ratio("outbox", peer), done.control("outbox")
        lines.append(Line(f"push.{peer}", work, against, "at least", goal, ratio, control, detail=detail))
    return lines


def sealing(alone: Rounds) -> Line:
    detail = f"{alone.each('ours').median * 1e3:.3f} ms against {alone.each('straight').median * 1e3:.3f}"
    ratio, control = alone.rate_ratio("ours", "straight"), alone.control("ours")
    against = "straight by `cryptography`"
    return Line("push.sealing", "one encryption", against, "at least", 0.8, ratio, control, detail=detail)


def tokens(signed: int) -> Line:
    services = len(exits.HOSTS)
    each = Spread.of([signed / services])
    return Line("push.tokens", "tokens signed", "push services", "at most", 1, each, detail=f"{signed} for {services}")
