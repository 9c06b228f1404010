"""Errors as `application/problem+json` (RFC 9457): type, title, status, code, detail, and errors by field."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.signals import got_request_exception
from django.db import DataError
from django.http import Http404
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

logger = logging.getLogger(__name__)


class ProblemSerializer(serializers.Serializer[Any]):
    """How every error looks."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = serializers.DictField(child=serializers.CharField(), required=False)  # type: ignore[assignment]


def problem(
    *,
    status: int,
    code: str,
    detail: str,
    title: str = "",
    errors: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A response that says what is wrong and what to do."""
    title = title or HTTPStatus(status).phrase
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "code": code, "detail": detail}
    if errors:
        body["errors"] = dict(errors)
    return Response(body, status=status, headers=dict(headers or {}), content_type="application/problem+json")


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """For Django REST framework: what a view raised, as a problem. A refusal of ours speaks for itself."""
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, DataError):
        set_rollback()
        detail = "The request has a value that no database can hold, such as a NUL character or a number without end."
        return problem(status=400, code="invalid", detail=detail)
    if isinstance(error, exceptions.ValidationError):
        set_rollback()
        detail = "Some fields are missing or wrong."
        return problem(status=400, code="invalid", detail=detail, errors=by_field(error.detail))
    if isinstance(error, exceptions.APIException):
        set_rollback()
        headers = {}
        if getattr(error, "auth_header", None):
            headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
        if getattr(error, "wait", None):
            headers["Retry-After"] = str(int(error.wait))  # type: ignore[attr-defined]
        return problem(status=error.status_code, code=error.default_code, detail=str(error.detail), headers=headers)
    if all(hasattr(error, name) for name in ("status", "code", "title", "detail")):
        set_rollback()
        wait = getattr(error, "retry_after", 1 if error.status == 409 else None)  # type: ignore[attr-defined]
        headers = {"Retry-After": str(wait)} if wait else {}
        return problem(
            status=error.status,  # type: ignore[attr-defined]
            code=error.code,  # type: ignore[attr-defined]
            title=error.title,  # type: ignore[attr-defined]
            detail=error.detail,  # type: ignore[attr-defined]
            errors=getattr(error, "errors", None),
            headers=headers,
        )
    return _failure(error, context.get("request"))


def _failure(error: Exception, request: Any) -> Response:
    """Ours, not the caller's. Told to the log and to whoever listens for failed requests, as Django would."""
    set_rollback()
    logger.error("api.failed error=%s", type(error).__name__, exc_info=error)
    got_request_exception.send(sender=None, request=getattr(request, "_request", request))
    return problem(status=500, code="error", detail="Something went wrong on our side. It is on record; try again.")


def by_field(detail: Any, where: str = "") -> dict[str, str]:
    """Nested errors of a serializer as one level: `recipients[0].user` → what is wrong there."""
    if isinstance(detail, Mapping):
        found: dict[str, str] = {}
        for name, inner in detail.items():
            found |= by_field(inner, _within(where, name))
        return found
    if isinstance(detail, list | tuple):
        if all(isinstance(inner, str) for inner in detail):
            return {where or "": " ".join(str(inner) for inner in detail)}
        found = {}
        for place, inner in enumerate(detail):
            found |= by_field(inner, f"{where}[{place}]")
        return found
    return {where: str(detail)}


def _within(where: str, name: Any) -> str:
    if isinstance(name, int):
        return f"{where}[{name}]"
    if where and name == api_settings.NON_FIELD_ERRORS_KEY:
        return where
    return f"{where}.{name}" if where else str(name)
