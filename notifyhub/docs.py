"""The pages of the HTTP API: its OpenAPI document and Swagger UI, both served without a network."""

from typing import Any

from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from . import csp


class SchemaView(SpectacularAPIView):
    """The OpenAPI 3.1 document."""


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI. It styles itself inline, so this page alone allows that; scripts stay our own files."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]  # theirs
        response.headers[csp.HEADER] = csp.policy(style_src="'self' 'unsafe-inline'")
        return response
