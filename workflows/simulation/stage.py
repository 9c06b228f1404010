"""The stage: a throw-away tenant with its people and ways out, the definitions in force there, and a clock that jumps.

Everything on it is written by the real verbs into the real tables, in a transaction that never commits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any
from uuid import uuid4

from channels_delivery.channels import copy_channels
from notifications.models import Recipient, Tenant
from notifications.targets import Target
from preferences.copying import copy_tenant

from .. import registry, retract, silences
from ..call import Trigger
from ..cascade import written_out
from ..catalogue import in_force
from ..define import Workflow
from ..definition import Body, InForce
from ..hush import Hush
from ..models import Definition, Silence
from ..payload import InvalidPayload, check_schema
from ..refusals import BadRequest, Refused, UnknownWorkflow
from ..trigger import trigger_many
from . import cast
from .cast import Persona
from .events import ACTS, Act, Cancel, Deed, Event, Expire, Fire, Publish, Want


@dataclass
class Stage:
    """`names` are the people by id, in their order. `key`: the workflow that is simulated. `like`: the tenant whose
    other workflows may be triggered as well. `unseen`: which objects whom of them may not see."""

    tenant: Tenant
    key: str
    now: datetime
    like: Tenant
    names: Mapping[int, str] = field(default_factory=dict)
    runs: int = 0
    acts: list[tuple[datetime, str, str]] = field(default_factory=list)
    unseen: Mapping[str, frozenset[str]] = field(default_factory=dict)
    _versions: dict[str, InForce] = field(default_factory=dict)

    def clock(self) -> datetime:
        return self.now

    def can_see(self, pairs: Sequence[tuple[Recipient, Target]]) -> list[tuple[Recipient, Target]]:
        """In the place of the site's hook, which does not know who plays here."""
        return [(one, target) for one, target in pairs if str(target) not in self.unseen.get(one.external_id, ())]

    def find(self, keys: Collection[str], *, tenant: Tenant, using: str = "default") -> dict[str, InForce]:
        """What a trigger here starts: what was published here, else what is in force for the tenant that this is
        like, from the first look on."""
        if others := [key for key in keys if key not in self._versions]:
            found = in_force(others, tenant=self.like, using=using)
            self._versions |= {key: _as_stored(body) for key, (_, body) in found.items()}
        return {key: self._versions[key] for key in keys if key in self._versions}

    def publish(self, body: Body) -> None:
        self._versions[body.key] = _as_stored(body)

    def happen(self, event: Event) -> None:
        """Raises what the verb raises: a trigger that is refused, a run that is not there."""
        match event.what:
            case Fire():
                self._fire(event.what)
            case Act(kind, person, run):
                ACTS[kind](Deed(self.tenant, self._id(person), run, self.now))
                self.acts.append((self.now, person, kind))
            case Cancel(name):
                retract.cancel(name, tenant=self.tenant, clock=self.clock)
            case Publish(workflow):
                self.publish(body_of(workflow))
            case Hush():
                silences.create(self.tenant, event.what, now=self.now)
            case Expire(name):
                silences.expire(self._silence(name), now=self.now)
            case Want(person, said):
                cast.want(self.tenant, self._id(person), said, now=self.now)

    def _fire(self, fire: Fire) -> None:
        self.runs += 1
        key = fire.workflow or self.key
        found = self.find([key], tenant=self.tenant).get(key)
        sample = found[1].sample if found else {}
        one = Trigger(
            key,
            dict(sample if fire.payload is None else fire.payload),
            list(fire.recipients),
            fire.actor,
            transaction_id=fire.name or f"run-{self.runs}",
            include_actor=fire.include_actor,
            target=fire.target,
        )
        answer = trigger_many([one], tenant=self.tenant, clock=self.clock, find=self.find)[0]
        if isinstance(answer, Refused):
            raise answer

    def _silence(self, name: str) -> Silence:
        found = silences.open_ones(self.tenant.pk, now=self.now).filter(name=name).first()
        if found is None:
            raise BadRequest(f"Nothing called {name!r} is in force.")
        return found

    def _id(self, person: str) -> int:
        for pk, name in self.names.items():
            if name == person:
                return pk
        raise BadRequest(f"Nobody called {person!r} plays.")


def set_up(
    workflow: str | Body | Workflow | Mapping[str, Any],
    people: Sequence[Persona | Recipient],
    *,
    tenant: Tenant | None,
    start: datetime,
) -> Stage:
    """A new stage with these people on it. Of `tenant` it has the name, the zone, the ways out, without secrets, the
    defaults and locks, the silences and inhibitions, and the other workflows. Raises Refused."""
    like = tenant or Tenant(name="Simulation")
    own = Tenant.objects.create(slug=f"simulation-{uuid4().hex}", name=like.name, zone=like.zone, locale=like.locale)
    body = _in_force(workflow, tenant or own) if isinstance(workflow, str) else body_of(workflow)
    stage = Stage(own, body.key, start, tenant or own)
    stage.publish(body)
    if tenant is not None:
        copy_channels(of_tenant=tenant.pk, to_tenant=own.pk)
        copy_tenant(of_tenant=tenant.pk, to_tenant=own.pk)
        silences.copy_silences(of_tenant=tenant.pk, to_tenant=own.pk, now=start)
    stage.names = cast.enter(people, own, now=start)
    stage.unseen = cast.unseen(people)
    return stage


def body_of(workflow: Body | Workflow | Mapping[str, Any]) -> Body:
    """A version that can be walked, of a declaration or a draft. Raises BadRequest with everything that is wrong."""
    if isinstance(workflow, Mapping):
        body = _read(workflow)
    else:
        body = workflow.body if isinstance(workflow, Workflow) else workflow
    problems = list(registry.problems_of(_declared(body)))
    if problems:
        told = {str(place): problem.message for place, problem in enumerate(problems)}
        raise BadRequest("The definition cannot be walked.", code="invalid_definition", errors=told)
    return body


_TEXT, _OBJECT = {"type": "string"}, {"type": "object"}
_SHAPE: Mapping[str, Any] = {
    "type": "object",
    "required": ["key", "name", "steps"],
    "properties": {
        **dict.fromkeys(("key", "name", "description", "category", "tab"), _TEXT),
        **dict.fromkeys(("payload_schema", "sample", "defaults"), _OBJECT),
        "critical": {"type": "boolean"},
        "steps": {"type": "array", "items": {"type": "object", "required": ["kind"], "properties": {"kind": _TEXT}}},
    },
}
"""Of a draft, before its steps are looked at."""


def _read(draft: Mapping[str, Any]) -> Body:
    try:
        check_schema(dict(draft), dict(_SHAPE))
        return Body.from_json({**draft, "steps": written_out(draft["steps"])})
    except InvalidPayload as error:
        raise BadRequest("The definition cannot be walked.", code="invalid_definition", errors=error.errors) from None
    except (TypeError, ValueError) as error:
        raise BadRequest(f"This is no definition: {error}.", code="invalid_definition") from None


def _declared(body: Body) -> Workflow:
    """As it would be declared, for the checks that declarations go through."""
    said = {one.name: getattr(body, one.name) for one in fields(body) if one.name != "payload_schema"}
    return Workflow(**said, payload=dict(body.payload_schema))


def _in_force(key: str, tenant: Tenant) -> Body:
    found = in_force([key], tenant=tenant)
    if key not in found:
        raise UnknownWorkflow(f"There is no published workflow {key!r}.")
    return found[key][1]


def _as_stored(body: Body) -> InForce:
    """By its hash where it is stored; else by a name of its own: whoever publishes the same at this moment must not
    wait for a transaction that never commits."""
    known = body.hash()
    return (known if Definition.objects.filter(pk=known).exists() else uuid4().hex), body
