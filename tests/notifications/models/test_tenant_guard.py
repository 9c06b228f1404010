"""No query of a tenant's rows runs without saying whose; every model that a tenant owns is held to it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models
from django.db.models import F, Q

from notifications.models import Recipient, Role, Subscription, Tenant, TenantOwned, Topic, UnscopedQuery
from tests.cast import crowd, topic

OWNED = [model for model in apps.get_models() if issubclass(model, TenantOwned)]
pytestmark = pytest.mark.django_db

UNSCOPED: dict[str, Callable[[Any], Any]] = {
    "all": lambda rows: list(rows.all()),
    "filter by key": lambda rows: list(rows.filter(pk=1)),
    "get": lambda rows: rows.get(pk=1),
    "first": lambda rows: rows.first(),
    "last": lambda rows: rows.last(),
    "count": lambda rows: rows.count(),
    "exists": lambda rows: rows.exists(),
    "in bulk": lambda rows: rows.in_bulk([1]),
    "values": lambda rows: list(rows.values("pk")),
    "values list": lambda rows: list(rows.values_list("pk", flat=True)),
    "iterator": lambda rows: list(rows.iterator()),
    "aggregate": lambda rows: rows.aggregate(n=models.Count("pk")),
    "slice": lambda rows: list(rows.order_by("pk")[:1]),
    "update": lambda rows: rows.update(pk=F("pk")),
    "delete": lambda rows: rows.all().delete(),
    "truth": lambda rows: bool(rows.filter(pk=1)),
    "get or create": lambda rows: rows.get_or_create(pk=1),
    "ored": lambda rows: list(rows.filter(Q(tenant=1) | Q(pk=1))),
    "xored": lambda rows: list(rows.filter(Q(tenant=1) ^ Q(pk=1))),
    "negated": lambda rows: list(rows.filter(~Q(tenant=1))),
    "excluded": lambda rows: list(rows.exclude(tenant=1)),
    "excluded within": lambda rows: list(rows.exclude(Q(tenant=1) & Q(pk=1))),
    "any tenant": lambda rows: list(rows.filter(tenant__isnull=False)),
    "every tenant above": lambda rows: list(rows.filter(tenant__gt=0)),
    "the tenant it has": lambda rows: list(rows.filter(tenant=F("tenant"))),
    "another condition": lambda rows: list(rows.filter(tenant__name="Acme")),
    "joined by or": lambda rows: list(rows.filter(tenant=1) | rows.filter(pk=1)),
    "union": lambda rows: list(rows.filter(tenant=1).union(rows.all())),
    "union, counted": lambda rows: rows.filter(tenant=1).union(rows.all()).count(),
}


@pytest.mark.once  # refused before any database is asked
@pytest.mark.parametrize("model", OWNED, ids=lambda model: model.__name__)
@pytest.mark.parametrize("query", UNSCOPED)
def test_a_query_that_does_not_name_one_tenant_is_refused(model: type[TenantOwned], query: str) -> None:
    with pytest.raises(UnscopedQuery, match=model.__name__):
        UNSCOPED[query](model.objects)


SCOPED: dict[str, Callable[[Any], Any]] = {
    "filter": lambda rows: list(rows.filter(tenant=1)),
    "by id": lambda rows: list(rows.filter(tenant_id=1, pk=1)),
    "by key of the tenant": lambda rows: list(rows.filter(tenant__pk=1)),
    "in some tenants": lambda rows: list(rows.filter(tenant__in=[1, 2])),
    "for a tenant": lambda rows: rows.for_tenant(1).count(),
    "then ored": lambda rows: list(rows.filter(tenant=1).filter(Q(pk=1) | Q(pk=2))),
    "then excluded": lambda rows: list(rows.filter(tenant=1).exclude(pk=1)),
    "anded": lambda rows: list(rows.filter(Q(pk=1) & Q(tenant=1))),
    "on purpose": lambda rows: list(rows.across_tenants()),
    "on purpose, later": lambda rows: rows.filter(pk=1).across_tenants().exists(),
    "nothing": lambda rows: list(rows.none()),
    "union of two": lambda rows: list(rows.filter(tenant=1).union(rows.filter(tenant=2))),
}


@pytest.mark.parametrize("model", OWNED, ids=lambda model: model.__name__)
@pytest.mark.parametrize("query", SCOPED)
def test_a_query_that_names_one_runs(model: type[TenantOwned], query: str) -> None:
    SCOPED[query](model.objects)


def test_the_models_of_tenants_are_these() -> None:
    """A new table with a tenant's rows has to join the wall, or be listed here with its reason."""
    outside = {
        model.__name__
        for model in apps.get_models()
        if model.__module__.split(".")[0] in {"notifications", "preferences", "channels_delivery", "workflows"}
        and not issubclass(model, TenantOwned)
    }

    assert outside == {
        "Tenant",  # the tenant itself
        "Category",  # shared by all where it has no tenant
        "NoticeType",  # the same
        "Subscription",  # reached through its topic or recipient
        "Nesting",  # reached through its topics
        "InboxState",  # keyed by the recipient
        "InboxItem",  # the same
        "Mark",  # the same
        "SocketTicket",  # found by its secret only, and gone after half a minute
        "Sweep",  # no data of anybody
        "Definition",  # by hash of its content
        "Outcome",  # reached through its chunk
        "ChunkResult",  # the same
        "RunResult",  # reached through its run
        "Attempt",  # reached through its delivery
        "Lease",  # of several tenants' deliveries, which say whose they are
        "Act",  # reached through its run
        "WindowItem",  # reached through its window
    }


def test_a_related_manager_does_not_open_the_wall(acme: Tenant) -> None:
    person = crowd(acme, 1)[0]
    followed = topic(acme, "news", person)

    assert [one.recipient for one in followed.subscriptions.all()] == [person]
    with pytest.raises(UnscopedQuery):
        Recipient.objects.filter(subscriptions__topic=followed).count()


def test_rows_of_others_do_not_come_along(acme: Tenant, globex: Tenant) -> None:
    ours, theirs = crowd(acme, 2), crowd(globex, 3)

    assert list(Recipient.objects.filter(tenant=acme).order_by("pk")) == ours
    assert Recipient.objects.for_tenant(globex).count() == len(theirs)
    assert Recipient.objects.across_tenants().count() == 5


def test_deleting_a_tenant_takes_everything_of_it_and_nothing_else(acme: Tenant, globex: Tenant) -> None:
    topic(acme, "a", *crowd(acme, 2))
    topic(globex, "a", *crowd(globex, 2))

    acme.delete()

    assert Recipient.objects.across_tenants().count() == Subscription.objects.count() == 2
    assert Topic.objects.across_tenants().get().tenant == globex


def test_saving_and_refreshing_a_row_needs_no_scope(acme: Tenant) -> None:
    person = crowd(acme, 1)[0]
    person.role = Role.ADMIN

    person.save()
    person.refresh_from_db()

    assert person.role == Role.ADMIN


def test_the_wall_costs_no_query(acme: Tenant, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1, connection=connection):
        list(Recipient.objects.filter(tenant=acme))
