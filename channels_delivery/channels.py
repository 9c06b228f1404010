"""The front door to channels: a tenant's ways out are set up, changed, paused and removed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from notifications.kernel.schema import advice
from notifications.models import NoticeType, Tenant
from notifications.models.base import TenantQuerySet

from . import log
from .backends import absent, backends
from .models import MISSED, Channel, Delivery
from .refusals import Invalid, NameTaken, NotNow

NAME_MAX, REASON_MAX, WORKFLOWS_MAX, POSITION_MAX = 200, 200, 500, 999


@dataclass(frozen=True)
class Setup:
    """What a channel is made of. Frozen: changes make a new one, which is checked as a whole."""

    kind: str
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False)
    workflows: Sequence[str] = ()
    position: int = 0


@dataclass(frozen=True)
class Made:
    """A channel, and the secrets that were made for it: to be shown now and never again."""

    channel: Channel
    issued: Mapping[str, Sequence[str]] = field(repr=False)


def create(tenant: Tenant, setup: Setup) -> Made:
    """Set up a channel. Where its kind needs a secret that we can make and none is given, one is made.

    Raises Invalid by field (`settings.url`), NameTaken.
    """
    checked, issued = _complete(setup)
    check(checked, tenant=tenant)
    channel = Channel(
        tenant=tenant,
        kind=checked.kind,
        name=checked.name,
        settings=checked.settings,
        workflows=checked.workflows,
        position=checked.position,
    )
    channel.secrets = checked.secrets
    _save(channel)
    return Made(channel, issued)


def change(
    channel: Channel,
    *,
    name: str | None = None,
    settings: Mapping[str, Any] | None = None,
    secrets: Mapping[str, Any] | None = None,
    workflows: Sequence[str] | None = None,
    position: int | None = None,
) -> Channel:
    """Change what is named; the channel as it is then. `settings` and `workflows` are taken whole. Of `secrets`, which
    nobody can read, only those named change, and None takes one away. Raises Invalid, NameTaken."""
    with transaction.atomic():
        row = _locked(channel)
        wanted = _changed(row, name=name, settings=settings, secrets=secrets, workflows=workflows, position=position)
        check(wanted, tenant=row.tenant, kept=row.workflows)
        row.name, row.settings, row.workflows = wanted.name, wanted.settings, wanted.workflows
        row.secrets, row.position = wanted.secrets, wanted.position
        _save(row, only=("name", "settings", "secrets", "workflows", "position"))
    return row


def look_over(tenant: Tenant, kind: str, *, channel: Channel | None, **said: Any) -> None:
    """Whether `create`, or `change` of `channel`, would take this; for a form. Raises Invalid."""
    if channel is None:
        check(_complete(Setup(kind, **said))[0], tenant=tenant)
    else:
        check(_changed(_readable(channel), **said), tenant=tenant, kept=channel.workflows)


def check(setup: Setup, *, tenant: Tenant, kept: Iterable[str] = ()) -> None:
    """Raises Invalid with everything that is wrong, by field. `kept`: workflows that it had before, which stay even if
    they are gone meanwhile."""
    backend = backends().get(setup.kind)
    errors: dict[str, str] = {}
    if not setup.name or len(setup.name) > NAME_MAX or not setup.name.isprintable():
        errors["name"] = _("Must be 1 to %(limit)s printable characters.") % {"limit": NAME_MAX}
    if backend is None:
        errors["kind"] = _unknown(setup.kind)
    else:
        wrong = advice(setup.settings, backend.settings_schema, within="settings")
        wrong |= advice(setup.secrets, backend.secrets_schema, within="secrets")
        errors |= wrong or backend.faults(setup.settings, setup.secrets)
    unknown = set(setup.workflows) - set(kept)
    if unknown := unknown - set(known_workflows(tenant).filter(key__in=unknown).values_list("key", flat=True)):
        errors["workflows"] = _("Unknown: %(keys)s.") % {"keys": ", ".join(sorted(unknown))}
    if not 0 <= setup.position <= POSITION_MAX:
        errors["position"] = _("Must be 0 to %(limit)d.") % {"limit": POSITION_MAX}
    if errors:
        raise Invalid(_("Some fields are missing or wrong."), errors=errors)


def _unknown(kind: str) -> str:
    if extra := absent().get(kind):
        return _("Is not installed here. Whoever runs the site can: pip install 'notifyhub[%(extra)s]'.") % {
            "extra": extra
        }
    return _("Must be one of: %(kinds)s.") % {"kinds": ", ".join(sorted(backends()))}


def known_workflows(tenant: Tenant) -> Any:
    """The kinds of notice that may leave by a channel of this tenant: its own before those for all of the same key."""
    own = NoticeType.objects.filter(tenant=tenant)
    shared = Q(tenant__isnull=True) & ~Q(key__in=own.values("key"))
    return NoticeType.objects.filter(shared | Q(tenant=tenant))


def rotate_secret(channel: Channel) -> Made:
    """Put a new secret in front of the one in use, which goes on signing beside it until the next rotation. Raises
    NotNow for a kind that has nothing to rotate."""
    backend = backends().get(channel.kind)
    if backend is None or not backend.rotates:
        raise NotNow(_("A channel of this kind has no secret that we make."), code="nothing_to_rotate")
    with transaction.atomic():
        row = _locked(channel)
        fresh = backend.fresh_secret()
        row.secrets = row.secrets | {backend.rotates: [fresh, *row.secrets.get(backend.rotates, ())[:1]]}
        _save(row, only=("secrets",))
    return Made(row, {backend.rotates: [fresh]})


def pause(channel: Channel, *, now: datetime, because: str = "") -> Channel:
    """Nothing leaves by it any more. One that is paused stays as it is, with its reason."""
    mine = Channel.objects.filter(tenant=channel.tenant_id, pk=channel.pk)
    mine.filter(paused_at__isnull=True).update(paused_at=now, paused_because=because[:REASON_MAX])
    channel.refresh_from_db(fields=["paused_at", "paused_because"])
    return channel


@dataclass(frozen=True)
class Resumed:
    """How many messages it could not deliver while it was paused: those that were sent once more now, and those that
    still may be."""

    replayed: int
    replayable: int


def resume_and_replay(channel: Channel, *, limit: int, now: datetime) -> Resumed:
    """Have it send again, and with it the oldest of what it could not deliver meanwhile, `limit` at most."""
    with transaction.atomic():
        missed = log.Filters(states=MISSED, channel=channel, since=_failing_since(channel))
        count = resume(channel)
        replayed = log.replay_many(channel.tenant, missed, limit=limit, now=now) if count and limit else 0
    return Resumed(replayed, count - replayed)


def resume(channel: Channel) -> int:
    """Have it send again, its failures forgotten; how many it could not deliver while it failed or was paused that may
    be sent once more."""
    since = _failing_since(channel)
    mine = Channel.objects.filter(tenant=channel.tenant_id, pk=channel.pk)
    mine.update(paused_at=None, paused_because="", failing_since=None, strikes=0, struck_at=None)
    channel.refresh_from_db(fields=["paused_at", "paused_because"])
    missed = log.Filters(states=MISSED, channel=channel, since=since)
    return 0 if since is None else log.replayable(channel.tenant_id, missed).count()


def _failing_since(channel: Channel) -> datetime | None:
    """Since when what it sent did not arrive: a channel that was turned off had failed before. None: it is on."""
    if channel.paused_at is None:
        return None
    return min(channel.failing_since or channel.paused_at, channel.paused_at)


def delete(channel: Channel, *, now: datetime) -> log.TakenBack:
    """Remove it for good, and take back in the same transaction what waits to leave by it."""
    with transaction.atomic():
        waiting = Delivery.objects.filter(tenant=channel.tenant_id, channel=channel.pk)
        found = log.take_back(waiting, now=now)
        Channel.objects.filter(tenant=channel.tenant_id, pk=channel.pk).delete()
    return found


def find(tenant: Tenant, public_id: UUID) -> Channel | None:
    """A channel of this tenant, without its secrets, which may be unreadable."""
    return Channel.objects.filter(tenant=tenant, public_id=public_id).select_related("tenant").defer("secrets").first()


def secret_names(channel: Channel) -> list[str]:
    """Which secrets are there; never what they are."""
    try:
        held = Channel.objects.filter(tenant=channel.tenant_id, pk=channel.pk).values_list("secrets", flat=True).first()
    except ImproperlyConfigured:
        return []
    return sorted(held or ())


def _complete(setup: Setup) -> tuple[Setup, dict[str, Sequence[str]]]:
    """In good order, with the secret that we make where it is missing; and that secret."""
    backend, issued = backends().get(setup.kind), dict[str, Sequence[str]]()
    if backend and backend.rotates and not setup.secrets.get(backend.rotates):
        issued[backend.rotates] = [backend.fresh_secret()]
    secrets = {**setup.secrets, **issued}
    workflows = _in_order(setup.workflows)
    return Setup(setup.kind, setup.name.strip(), dict(setup.settings), secrets, workflows, setup.position), issued


def _changed(
    row: Channel,
    *,
    name: str | None = None,
    settings: Mapping[str, Any] | None = None,
    secrets: Mapping[str, Any] | None = None,
    workflows: Sequence[str] | None = None,
    position: int | None = None,
) -> Setup:
    known = {} if settings is not None and _sent_elsewhere(row, settings) else row.secrets
    kept = known | dict(secrets or {})
    return Setup(
        row.kind,
        row.name if name is None else name.strip(),
        row.settings if settings is None else dict(settings),
        {key: value for key, value in kept.items() if value is not None},
        row.workflows if workflows is None else _in_order(workflows),
        row.position if position is None else position,
    )


def _sent_elsewhere(row: Channel, settings: Mapping[str, Any]) -> bool:
    """Whether its secrets would go to another place. Then those that are there do not go along: nobody is to read at a
    server of their own what can only be written here."""
    backend = backends().get(row.kind)
    return backend is not None and any(row.settings.get(one) != settings.get(one) for one in backend.secrets_go_to)


def _locked(channel: Channel) -> Channel:
    """The row, held until the transaction ends."""
    rows = Channel.objects.filter(tenant=channel.tenant_id, pk=channel.pk).select_related("tenant")
    return _read(rows.select_for_update(of=("self",)))


def _readable(channel: Channel) -> Channel:
    return _read(Channel.objects.filter(tenant=channel.tenant_id, pk=channel.pk))


def _read(rows: TenantQuerySet[Channel]) -> Channel:
    """Secrets whose key is gone count as missing, so that they can be written anew."""
    try:
        return rows.get()
    except ImproperlyConfigured:
        row = rows.defer("secrets").get()
        row.secrets = {}
        return row


def _save(channel: Channel, *, only: Sequence[str] | None = None) -> None:
    try:
        with transaction.atomic():
            channel.save(update_fields=only)
    except IntegrityError as error:
        taken = _("Another channel of this tenant has this name; choose another.")
        raise NameTaken(taken, errors={"name": taken}) from error


def _in_order(workflows: Iterable[str]) -> list[str]:
    return sorted(set(workflows))


def copy_channels(*, of_tenant: int, to_tenant: int) -> None:
    """A tenant's channels for another one, without their secrets, so that nothing can leave by the copies: for a
    simulation."""
    known = Channel.objects.filter(tenant=of_tenant).order_by("pk").defer("secrets")
    Channel.objects.bulk_create(
        Channel(
            tenant_id=to_tenant,
            kind=one.kind,
            name=one.name,
            settings=one.settings,
            workflows=one.workflows,
            position=one.position,
            paused_at=one.paused_at,
        )
        for one in known
    )
