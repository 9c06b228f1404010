"""At the edge: who is calling, and for which tenant. Resolved once per request and passed on as an argument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.core import signing
from django.core.exceptions import PermissionDenied
from django.core.signals import setting_changed
from django.http import HttpRequest
from django.utils.module_loading import import_string

from .conf import conf
from .kernel.clock import db_now
from .kernel.config import switch
from .models import ApiKey, Recipient, Role, Scope, Tenant

SESSION_KEY = "notifyhub_tenant"
"""Where a Django session keeps the slug of the tenant that its user chose."""

_ATTRIBUTE = "_notifyhub_principal"
_MEMBERSHIPS = "_notifyhub_memberships"
_TOKEN = "notifyhub.widget"  # noqa: S105 - the salt of its signature
_COARSE = timedelta(minutes=1)


@dataclass(frozen=True)
class Principal:
    """Who may do what, in exactly one tenant. A server's key has no `recipient`; a site operator may have none."""

    tenant: Tenant
    recipient: Recipient | None
    scopes: frozenset[str]
    role: str = ""
    key: ApiKey | None = None

    def may(self, scope: str) -> bool:
        """`admin` may do everything of its tenant."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    @property
    def runs_the_tenant(self) -> bool:
        return self.role in (Role.OWNER, Role.ADMIN)


def principal_of(request: HttpRequest) -> Principal | None:
    """The principal behind a Django session, or None: nobody signed in, or nobody of any tenant.

    Which tenant: the site's `NOTIFYHUB["TENANT_RESOLVER"]` if set (a dotted path to a callable that takes the request
    and answers (Tenant, role) or None); else, for a site operator, the header `X-Tenant`; else the one chosen in the
    session; else the user's first.
    """
    if not hasattr(request, _ATTRIBUTE):
        setattr(request, _ATTRIBUTE, _resolve(request))
    principal: Principal | None = getattr(request, _ATTRIBUTE)
    return principal


def memberships(user: Any) -> list[Recipient]:
    """Who this Django user is, in each active tenant; their tenants loaded. Asked once a user object, so a request."""
    if not getattr(user, "is_authenticated", False):
        return []
    found: list[Recipient] | None = getattr(user, _MEMBERSHIPS, None)
    if found is None:
        people = Recipient.objects.across_tenants().filter(user=user, active=True, tenant__active=True)
        found = list(people.select_related("tenant").order_by("pk"))
        setattr(user, _MEMBERSHIPS, found)
    return found


def choose_tenant(request: HttpRequest, slug: str) -> None:
    """Remember in the session which of their tenants the user looks at. Raises PermissionDenied for another one."""
    if slug not in {person.tenant.slug for person in memberships(request.user)}:
        raise PermissionDenied("You are not a member of that tenant.")
    request.session[SESSION_KEY] = slug
    if hasattr(request, _ATTRIBUTE):
        delattr(request, _ATTRIBUTE)


def principal_of_key(plain: str) -> Principal | None:
    """The principal behind an API key, or None when it is not usable. Notes the use, at most once a minute."""
    now = db_now()
    key = ApiKey.find(plain, now=now)
    if key is None:
        return None
    if key.last_used_at is None or key.last_used_at < now - _COARSE:
        ApiKey.objects.filter(tenant=key.tenant, pk=key.pk).update(last_used_at=now)
    return Principal(tenant=key.tenant, recipient=None, scopes=frozenset(key.scopes), key=key)


def issue_token(recipient: Recipient, *, key: ApiKey | None, now: datetime) -> tuple[str, datetime]:
    """A token with which a widget acts as this person, and until when. `key` vouches for it: once that key is
    revoked, the token is worth nothing."""
    until = now + timedelta(minutes=conf().token_minutes)
    said = {"r": str(recipient.public_id), "k": key and key.pk, "u": int(until.timestamp())}
    return signing.dumps(said, salt=_TOKEN, compress=False), until


def person_of_token(token: str, *, now: datetime) -> tuple[Recipient, int | None, datetime] | None:
    """The active person behind a widget's token, with their tenant, the key that vouches, and until when; None when
    it is forged, past its time, or its key or person are gone."""
    try:
        said = signing.loads(token, salt=_TOKEN)
        name, key, until = UUID(said["r"]), said["k"], datetime.fromtimestamp(said["u"], UTC)
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        return None
    if until <= now:
        return None
    people = Recipient.objects.across_tenants().select_related("tenant")
    person = people.filter(public_id=name, active=True, tenant__active=True).first()
    if person is None:
        return None
    if key is not None:
        vouching = ApiKey.objects.filter(tenant=person.tenant, pk=key).select_related("tenant").first()
        if vouching is None or not vouching.usable(now=now):
            return None
    return person, key, until


def principal_of_token(token: str) -> Principal | None:
    """Who a widget's token stands for: that person, with the rights of a person."""
    found = person_of_token(token, now=db_now())
    return Principal(found[0].tenant, found[0], frozenset()) if found else None


def principal_of_task(tenant_id: int) -> Principal:
    """For work that a row of this tenant asked for. Raises Tenant.DoesNotExist."""
    tenant = Tenant.objects.get(pk=tenant_id, active=True)
    return Principal(tenant=tenant, recipient=None, scopes=frozenset(Scope.values))


def _resolve(request: HttpRequest) -> Principal | None:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    resolver = _site_resolver()
    if resolver is not None:
        return _from_site(resolver(request), user)
    people = memberships(user)
    if user.is_staff and user.is_superuser and (slug := request.headers.get("X-Tenant")):
        return _operator(slug, people)
    chosen = request.session.get(SESSION_KEY) if hasattr(request, "session") else None
    person = next((one for one in people if one.tenant.slug == chosen), people[0] if people else None)
    return _member(person) if person else None


def _member(person: Recipient) -> Principal:
    may_all = person.role in (Role.OWNER, Role.ADMIN)
    return Principal(person.tenant, person, frozenset({Scope.ADMIN} if may_all else ()), person.role)


def _operator(slug: str, people: list[Recipient]) -> Principal | None:
    tenant = Tenant.objects.filter(slug=slug, active=True).first()
    person = next((one for one in people if tenant and one.tenant_id == tenant.pk), None)
    return Principal(tenant, person, frozenset({Scope.ADMIN}), Role.OWNER) if tenant else None


def _from_site(answer: tuple[Tenant, str] | None, user: Any) -> Principal | None:
    if answer is None:
        return None
    tenant, role = answer
    person = Recipient.objects.filter(tenant=tenant, user=user, active=True).first()
    may_all = role in (Role.OWNER, Role.ADMIN)
    return Principal(tenant, person, frozenset({Scope.ADMIN} if may_all else ()), role)


def sites_own_resolver() -> bool:
    """Whether the site says by itself which tenant a request is for."""
    return _site_resolver() is not None


@cache
def _site_resolver() -> Callable[[HttpRequest], tuple[Tenant, str] | None] | None:
    path = switch("TENANT_RESOLVER")
    resolver: Callable[[HttpRequest], tuple[Tenant, str] | None] | None = import_string(path) if path else None
    return resolver


setting_changed.connect(lambda **_: _site_resolver.cache_clear(), weak=False)
