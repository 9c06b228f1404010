"""What opens a socket: a person's token for a widget, minted by the tenant's server, and a ticket for one socket."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from ..edges import issue_token, person_of_token
from ..kernel.clock import db_now
from ..live import credentials, tickets
from ..models import Recipient, Scope
from .auth import WidgetAuthentication, bearer
from .permissions import HasScope, IsPerson, principal
from .views import HubView


class TokenSerializer(serializers.Serializer[Any]):
    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class TicketSerializer(serializers.Serializer[Any]):
    ticket = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds. It opens one socket.")


class TokenView(HubView):
    permission_classes = [HasScope]
    scope = Scope.ADMIN
    read_scope = Scope.ADMIN

    @extend_schema(operation_id="recipients_token", request=None, responses={201: TokenSerializer})
    def post(self, request: Request, external_id: str) -> Response:
        """Mint a token with which a widget acts as this person."""
        asking = principal(request)
        person = Recipient.objects.filter(tenant=asking.tenant, external_id=external_id, active=True).first()
        if person is None:
            raise NotFound("There is no such person in this tenant.")
        token, until = issue_token(person, key=asking.key, now=db_now())
        return Response({"token": token, "expires_at": until}, status=status.HTTP_201_CREATED)


class TicketView(HubView):
    permission_classes = [IsPerson]

    @extend_schema(operation_id="socket_ticket", request=None, responses={201: TicketSerializer})
    def post(self, request: Request) -> Response:
        """A ticket for one socket, as the subprotocol `ticket.<ticket>`, for a page whose cookies do not come here."""
        ticket = tickets.issue(_identity(request), now=db_now())
        answer = {"ticket": ticket, "expires_in": int(tickets.LIFE.total_seconds())}
        return Response(answer, status=status.HTTP_201_CREATED)


def _identity(request: Request) -> credentials.Identity:
    if isinstance(request.successful_authenticator, WidgetAuthentication):
        found = person_of_token(bearer(request), now=db_now())
        identity = credentials.of_person(found[0], api_key=found[1], until=found[2]) if found else None
    else:
        identity = credentials.of_request(request._request)
    if identity is None:
        raise NotFound("There is nobody behind this request any more.")
    return identity
