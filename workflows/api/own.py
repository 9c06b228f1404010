"""What the routes of a tenant's own workflows share: who may, which one, and how it is shown."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from notifications.api.permissions import HasScope, principal
from notifications.api.views import HubView
from notifications.edges import Principal
from notifications.models import Scope

from .. import dynamic, listing
from ..models import Workflow
from ..refusals import NotNow
from .shapes import OneWorkflowSerializer


class WorkflowRoute(HubView):
    permission_classes = [HasScope]
    scope = Scope.ADMIN
    read_scope = Scope.READ


def own(request: Request, key: str) -> Workflow:
    """The tenant's own workflow of this key."""
    tenant = principal(request).tenant
    row = dynamic.find(tenant, key)
    if row is None and listing.find(tenant, key) is not None:
        detail = "This workflow is static: it is written in the site's code. Create one of the same key to override it."
        raise NotNow(detail, code="static")
    if row is None:
        raise NotFound
    return row


def shown(row: Workflow) -> Any:
    found = listing.find(row.tenant, row.key)
    return OneWorkflowSerializer(found).data


def who(caller: Principal) -> str:
    """Whom a list of versions names."""
    if caller.recipient is not None:
        return str(caller.recipient)
    return f"API key {caller.key.name}" if caller.key else "operator"


def number(request: Request, name: str) -> int | None:
    given = request.query_params.get(name, "")
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise serializers.ValidationError({name: "Must be a whole number."})
    return int(given)
