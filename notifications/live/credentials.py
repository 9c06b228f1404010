"""Who is behind a socket, and whether they still are: asked when it opens, and for all sockets at once every few
seconds."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from importlib import import_module
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, get_user, get_user_model
from django.contrib.sessions.backends.base import SessionBase
from django.core.handlers.asgi import ASGIRequest
from django.db import connection
from django.utils.crypto import constant_time_compare

from ..edges import memberships, principal_of, sites_own_resolver
from ..kernel import rowset
from ..kernel.clock import db_now
from ..models import ApiKey, Recipient, Subscription, Tenant
from ..topics import below


@dataclass(frozen=True)
class Credential:
    """What a socket was opened with: a session and the hash of its user's password, or a widget's token that a key
    of the tenant's server vouched for."""

    session: str = ""
    user: str = ""
    password_hash: str = ""
    api_key: int | None = None
    until: datetime | None = None
    people: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Inbox:
    """One that a socket shows: whose it is, in which tenant, and how the API calls them."""

    person: int
    tenant: int
    slug: str
    who: Mapping[str, str]

    @classmethod
    def of(cls, recipient: Recipient) -> Inbox:
        who = {"id": str(recipient.public_id), "user": recipient.external_id, "name": recipient.name}
        return cls(recipient.pk, recipient.tenant_id, recipient.tenant.slug, who)


@dataclass(frozen=True)
class Identity:
    """Whose inboxes a socket shows, the one of the current tenant first."""

    credential: Credential
    inboxes: Sequence[Inbox]


def of_session(scope: Mapping[str, Any]) -> Identity | None:
    """The identity behind the session cookie of this request, or None. The person of the tenant that they look at
    comes first, then those of their other tenants."""
    request = ASGIRequest({**scope, "type": "http", "method": "GET"}, io.BytesIO())
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not key:
        return None
    request.session = cast(SessionBase, _Looked(_session(key)))
    request.user = get_user(request)
    return of_request(request)


class _Looked(dict[str, Any]):
    """A session as a handshake looks at it. Where it was signed with an old `SECRET_KEY`, Django would give it a new
    name, of which the browser never hears: nobody reads cookies from the answer to a handshake."""

    modified = False

    def __init__(self, session: SessionBase) -> None:
        super().__init__(session.items())
        self.session_key = session.session_key

    def cycle_key(self) -> None:
        """The name stays."""

    def flush(self) -> None:
        self.clear()


def of_request(request: Any) -> Identity | None:
    """The identity behind a request with a session, or None: nobody signed in, or nobody of any tenant."""
    principal = principal_of(request)
    if principal is None or principal.recipient is None:
        return None
    first = principal.recipient
    others = [] if sites_own_resolver() else [one for one in memberships(request.user) if one.pk != first.pk]
    inboxes = [Inbox.of(one) for one in (first, *others)]
    credential = Credential(
        session=request.session.session_key or "",
        user=str(request.user.pk),
        password_hash=request.session.get(HASH_SESSION_KEY, ""),
        people=tuple(inbox.person for inbox in inboxes),
    )
    return Identity(credential, inboxes)


def of_person(recipient: Recipient, *, api_key: int | None, until: datetime) -> Identity:
    """The identity behind a widget's token."""
    credential = Credential(api_key=api_key, until=until, people=(recipient.pk,))
    return Identity(credential, [Inbox.of(recipient)])


class Holds(Enum):
    """How much of what a credential once opened it still opens. `PART`: some of its inboxes are theirs no more."""

    WHOLE = auto()
    PART = auto()
    NOTHING = auto()


def ended(held: Sequence[Credential]) -> list[Credential]:
    """Those of these that do not hold any more, or not as a whole."""
    return [one for one, holds in standing(held).items() if holds is not Holds.WHOLE]


def standing(held: Sequence[Credential]) -> dict[Credential, Holds]:
    """What these still open: nothing once they signed out, changed the password, the key was revoked, the token is past
    its time; and no inbox whose person was taken out, or whose tenant was suspended. Five queries at most, whatever
    their number."""
    now = db_now()
    people = _active_people({person for one in held for person in one.people})
    sessions = _open_sessions({one.session for one in held if one.session}, now)
    hashes = _password_hashes({one.user for one in held if one.user})
    keys = _usable_keys({one.api_key for one in held if one.api_key is not None}, now)

    def holds(one: Credential) -> bool:
        if one.until is not None and one.until <= now:
            return False
        if one.api_key is not None and one.api_key not in keys:
            return False
        if not one.session:
            return True
        expected = hashes.get(one.user)
        return one.session in sessions and expected is not None and constant_time_compare(one.password_hash, expected)

    def left(one: Credential) -> Holds:
        theirs = people.intersection(one.people)
        if not theirs or not holds(one):
            return Holds.NOTHING
        return Holds.WHOLE if len(theirs) == len(set(one.people)) else Holds.PART

    return {one: left(one) for one in held}


def followers_among(topic: int, people: Sequence[int]) -> list[int]:
    """Those of these people who follow the topic, or what lies in it; not those who do under a condition, of which a
    toast has nothing to say."""
    inside, topics = rowset.any_of(connection, "topic_id", below([topic])[topic])
    chosen, parameters = rowset.any_of(connection, "recipient_id", people)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT recipient_id FROM {Subscription._meta.db_table}"
            f" WHERE condition IS NULL AND {inside} AND {chosen}",
            [*topics, *parameters],
        )
        return [row[0] for row in cursor.fetchall()]


def _active_people(people: set[int]) -> set[int]:
    chosen, parameters = rowset.any_of(connection, "r.id", sorted(people))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT r.id FROM {Recipient._meta.db_table} r JOIN {Tenant._meta.db_table} t ON t.id = r.tenant_id"
            f" WHERE r.active AND t.active AND {chosen}",
            parameters,
        )
        return {row[0] for row in cursor.fetchall()}


def _open_sessions(keys: set[str], now: datetime) -> set[str]:
    """In one query where sessions are kept in the database, else one look each at wherever they are."""
    store = _engine()
    model = getattr(store, "get_model_class", None)
    if model is not None and hasattr(store, "model"):
        found = model().objects.filter(session_key__in=keys, expire_date__gt=now)
        return set(found.values_list("session_key", flat=True))
    return {key for key in keys if store(key).load()}  # `exists` says no of what lies in cookies alone


def _password_hashes(users: set[str]) -> dict[str, str]:
    found = get_user_model()._default_manager.filter(pk__in=users, is_active=True)
    return {str(user.pk): user.get_session_auth_hash() for user in found}


def _usable_keys(ids: set[int], now: datetime) -> set[int]:
    if not ids:
        return set()
    found = ApiKey.objects.across_tenants().filter(pk__in=ids).select_related("tenant")
    return {key.pk for key in found if key.usable(now=now)}


def _engine() -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore


def _session(key: str) -> SessionBase:
    session: SessionBase = _engine()(key)
    return session
