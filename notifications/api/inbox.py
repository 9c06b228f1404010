"""The inbox of the person who asks: pages, numbers, changes, and what they do with an item."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from .. import inbox
from ..conf import conf
from ..content import LEVELS
from ..kernel.clock import db_now
from ..models import Recipient, Tab
from .fields import StrictSerializer
from .permissions import IsPerson, person
from .views import HubView

_TABS = [tab.name.lower() for tab in Tab]


class ActionSerializer(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]
    url = serializers.CharField()


class ObjectSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    id = serializers.CharField()


class ItemSerializer(serializers.Serializer[Any]):
    """One notification in one inbox. What is empty is left out."""

    id = serializers.UUIDField()
    rev = serializers.IntegerField(help_text="The number of its latest change")
    workflow = serializers.CharField()
    created_at = serializers.DateTimeField()
    state = serializers.ChoiceField(["active", "archived", "snoozed", "withdrawn", "superseded", "deleted"])
    read = serializers.BooleanField()
    tab = serializers.ChoiceField(_TABS)
    title = serializers.CharField()
    body = serializers.CharField(required=False)
    url = serializers.CharField(required=False)
    level = serializers.ChoiceField(LEVELS)
    icon = serializers.CharField(required=False)
    actor = serializers.CharField(required=False)
    image = serializers.CharField(required=False)
    actions = ActionSerializer(many=True, required=False)
    data = serializers.DictField(required=False)  # type: ignore[assignment]
    thread = serializers.CharField(required=False)
    about = ObjectSerializer(many=True, required=False, help_text="The objects that it speaks of")


class ChangedItemSerializer(ItemSerializer):
    """An item as it is now. Of one that is gone (withdrawn, superseded, deleted, or not theirs to
    see any more) only that: `id`, `rev`, `workflow`,
    `state` and `tab`."""

    created_at = serializers.DateTimeField(required=False)
    read = serializers.BooleanField(required=False)
    title = serializers.CharField(required=False)
    level = serializers.ChoiceField(LEVELS, required=False)


class PageSerializer(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ItemSerializer(many=True)


class UnreadSerializer(serializers.Serializer[Any]):
    """`count` is exact up to 99; beyond that it is 99 and `capped` is true."""

    count = serializers.IntegerField()
    capped = serializers.BooleanField()
    by_tab = serializers.DictField(child=serializers.IntegerField())


class ChangesSerializer(serializers.Serializer[Any]):
    """`resync`: too much happened, or another history: load the page anew and go on from `cursor`."""

    person = serializers.UUIDField(help_text="Whose inbox it is")
    cursor = serializers.CharField()
    resync = serializers.BooleanField()
    results = ChangedItemSerializer(many=True)
    read_upto = serializers.DictField(child=serializers.IntegerField(), help_text="Read-all marks that moved, by tab")
    unread = UnreadSerializer()


class ChangedSerializer(serializers.Serializer[Any]):
    """How many items changed, and where the inbox stands now."""

    changed = serializers.IntegerField()
    cursor = serializers.CharField()
    unread = UnreadSerializer()


class FilterSerializer(StrictSerializer):
    tab = serializers.ChoiceField(_TABS, required=False)
    unread = serializers.BooleanField(default=False)
    archived = serializers.BooleanField(default=False)
    category = serializers.CharField(max_length=100, default="")
    workflow = serializers.CharField(max_length=100, default="")
    level = serializers.ChoiceField(LEVELS, required=False)
    q = serializers.CharField(max_length=200, default="")
    limit = serializers.IntegerField(min_value=1, max_value=100, required=False)
    cursor = serializers.CharField(max_length=40, default="")


class ReadAllSerializer(StrictSerializer):
    tab = serializers.ChoiceField(_TABS, required=False)
    category = serializers.CharField(max_length=100, default="")
    workflow = serializers.CharField(max_length=100, default="")
    level = serializers.ChoiceField(LEVELS, required=False)
    q = serializers.CharField(max_length=200, default="")


class CursorSerializer(StrictSerializer):
    cursor = serializers.CharField(help_text="`epoch.rev`, from an earlier answer")


class NothingSerializer(StrictSerializer):
    pass


class InboxView(HubView):
    permission_classes = [IsPerson]

    @extend_schema(parameters=[FilterSerializer], responses=PageSerializer, operation_id="inbox_list")
    def get(self, request: Request) -> Response:
        """A page of the inbox, newest first."""
        asked = _valid(FilterSerializer, request.query_params.dict())
        limit, cursor = asked.pop("limit", conf().page_size), asked.pop("cursor")
        filters = inbox.Filters(**{**asked, "tab": _tab(asked.get("tab")), "level": asked.get("level", "")})
        try:
            page = inbox.list_items(person(request), filters=filters, limit=limit, cursor=cursor)
        except inbox.BadCursor as error:
            raise ValidationError({"cursor": str(error)}) from error
        links = {"next": page.older, "previous": page.newer}
        found = {name: _link(request, cursor) if cursor else None for name, cursor in links.items()}
        return Response({**found, "results": [entry.to_json() for entry in page.entries]})


class UnreadCountView(HubView):
    permission_classes = [IsPerson]

    @extend_schema(responses=UnreadSerializer)
    def get(self, request: Request) -> Response:
        """The number on the bell."""
        _valid(NothingSerializer, request.query_params.dict())
        return Response(inbox.unread_count(person(request)).to_json())


class ChangesView(HubView):
    permission_classes = [IsPerson]

    @extend_schema(parameters=[CursorSerializer], responses=ChangesSerializer)
    def get(self, request: Request) -> Response:
        """Everything that changed since a cursor, each item once, in order of change."""
        me, asked = person(request), _valid(CursorSerializer, request.query_params.dict())
        try:
            changes = inbox.changes_since(me, asked["cursor"])
        except inbox.BadCursor as error:
            raise ValidationError({"cursor": str(error)}) from error
        return Response(
            {
                "person": str(me.public_id),
                "cursor": changes.cursor,
                "resync": changes.resync,
                "results": [entry.to_json() for entry in changes.entries],
                "read_upto": {tab.name.lower(): upto for tab, upto in changes.marks.items()},
                "unread": inbox.unread_count(me).to_json(),
            }
        )


@extend_schema_view(get=extend_schema(responses=ItemSerializer))
class ItemView(HubView):
    permission_classes = [IsPerson]

    def get(self, request: Request, public_id: UUID) -> Response:
        """One item. What was taken back, replaced or deleted is not there any more."""
        entry = _existing(request, public_id)
        if entry.gone:
            raise NotFound
        return Response(entry.to_json())

    @extend_schema(responses={204: None})
    def delete(self, request: Request, public_id: UUID) -> Response:
        """Remove it from this inbox for good."""
        _existing(request, public_id)
        inbox.delete(person(request), [public_id])
        return Response(status=status.HTTP_204_NO_CONTENT)


class ItemActionView(HubView):
    """`read`, `unread`, `seen`, `archive` or `unarchive` one item. Doing it twice changes nothing more, nor does doing
    it to an item that is gone."""

    permission_classes = [IsPerson]

    @extend_schema(request=None, responses=ChangedSerializer)
    def post(self, request: Request, public_id: UUID, action: str) -> Response:
        entry, me = _existing(request, public_id), person(request)
        _valid(NothingSerializer, request.data or {})
        verbs: dict[str, Callable[[], int | None]] = {
            "read": lambda: inbox.mark_read(me, [public_id], now=db_now()),
            "unread": lambda: inbox.mark_unread(me, [public_id]),
            "seen": lambda: inbox.mark_seen(me, entry.seq),
            "archive": lambda: inbox.archive(me, [public_id]),
            "unarchive": lambda: inbox.unarchive(me, [public_id]),
        }
        return Response(_changed(me, verbs[action]() or 0))


class ReadAllView(HubView):
    permission_classes = [IsPerson]

    @extend_schema(parameters=[ReadAllSerializer], request=ReadAllSerializer, responses=ChangedSerializer)
    def post(self, request: Request) -> Response:
        """Everything there is now, in one tab or in all, is read; with further filters, what passes them. Without them
        `changed` is counted up to 100."""
        me, given = person(request), request.data or {}
        asked = _valid(
            ReadAllSerializer, {**request.query_params.dict(), **given} if isinstance(given, dict) else given
        )
        filters = inbox.Filters(**{**asked, "tab": _tab(asked.get("tab")), "level": asked.get("level", "")})
        if filters != inbox.Filters(tab=filters.tab):
            return Response(_changed(me, inbox.read_matching(me, filters, now=db_now())))
        before = inbox.unread_count(me).count
        inbox.read_all(me, tab=filters.tab)
        after = inbox.unread_count(me).count
        return Response(_changed(me, max(before - after, 0)))


def _valid(serializer: type[StrictSerializer], data: Any) -> dict[str, Any]:
    checked = serializer(data=data)
    checked.is_valid(raise_exception=True)
    found: dict[str, Any] = dict(checked.validated_data)
    return found


def _tab(name: str | None) -> Tab | None:
    return Tab[name.upper()] if name else None


def _existing(request: Request, public_id: UUID) -> inbox.Entry:
    entry = inbox.get_item(person(request), public_id)
    if entry is None:
        raise NotFound
    return entry


def _changed(me: Recipient, changed: int) -> dict[str, Any]:
    cursor = inbox.current_cursor(me)  # first: what comes between the two is told again, and nothing is passed over
    return {"changed": changed, "cursor": cursor, "unread": inbox.unread_count(me).to_json()}


def _link(request: Request, cursor: str) -> str:
    query = urlencode({**request.query_params.dict(), "cursor": cursor})
    return request.build_absolute_uri(f"{request.path}?{query}")
