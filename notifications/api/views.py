"""What every route of the API shares: how long its body may be, and that no name in its URL is beyond a database."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView

from ..kernel.storable import NO_TEXT
from . import origins
from .parsers import BODY_MAX


class HubView(APIView):
    """The base of our views."""

    body_max = BODY_MAX

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = origins.preflight(request) or super().dispatch(request, *args, **kwargs)
        origins.let_read(request, response)
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        given = [*kwargs.items(), *((name, one) for name, all_ in request.query_params.lists() for one in all_)]
        wrong = [name for name, value in given if NO_TEXT.search(f"{name}{value}")]
        if wrong:
            raise ValidationError(
                {NO_TEXT.sub("?", name): "Contains a NUL or half a surrogate pair." for name in wrong}
            )


class NothingView(HubView):
    """Below `/api/v1/` there is nothing but problems of one shape, so a wrong address is one too."""

    permission_classes = ()
    authentication_classes = ()
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound("There is nothing at this address. Every address of this API ends with a slash.")


class Pages(CursorPagination):
    """Rows by id, a page at a time. A cursor that is not one of ours is 400."""

    ordering = "id"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200

    def decode_cursor(self, request: Request) -> Any:
        try:
            cursor = super().decode_cursor(request)
        except APIException as error:
            raise self._refusal() from error
        place = None if cursor is None or cursor.position is None else str(cursor.position)
        if place is not None and not (place.isascii() and place.isdigit() and len(place) < 19):
            raise self._refusal()
        return cursor

    def _refusal(self) -> ValidationError:
        return ValidationError({"cursor": "That cursor is not one of ours. Take `next` or `previous` of an answer."})
