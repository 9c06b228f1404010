"""`categories/`: how a tenant groups its notices, with names that its people choose by."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from .. import categories
from ..models import Category
from .fields import StrictSerializer
from .people import TenantView
from .permissions import principal
from .problems import ProblemSerializer
from .views import Pages

_PROBLEM = "application/problem+json"
_REFUSED: dict[Any, Any] = {(code, _PROBLEM): ProblemSerializer for code in (400, 409)}


class CategorySerializer(serializers.Serializer[Any]):
    """`shared`: it is the site's, for every tenant."""

    key = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    shared = serializers.SerializerMethodField()

    def get_shared(self, category: Category) -> bool:
        return category.tenant_id is None


class CategoryPageSerializer(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = CategorySerializer(many=True)


class CategoryChangesSerializer(StrictSerializer):
    """What is left out stays."""

    name = serializers.CharField(
        max_length=categories.NAME_MAX, required=False, help_text="As people know it: Billing, not billing.v2"
    )
    description = serializers.CharField(
        max_length=categories.DESCRIPTION_MAX, allow_blank=True, required=False, help_text="What they get with it"
    )


class NewCategorySerializer(CategoryChangesSerializer):
    key = serializers.CharField(max_length=categories.KEY_MAX, help_text="What workflows call it by; never changes")
    name = serializers.CharField(max_length=categories.NAME_MAX)

    def validate_key(self, key: str) -> str:
        if not categories.is_key(key):
            raise serializers.ValidationError(
                "Takes letters, digits, `.`, `_`, `:` and `-`, the first a letter or digit."
            )
        return key


class CategoriesView(TenantView):
    @extend_schema(
        operation_id="categories_list",
        parameters=[OpenApiParameter("cursor", str), OpenApiParameter("limit", int)],
        responses=CategoryPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Those that people of the tenant see: its own, and the site's that it has not worded itself."""
        pages = Pages()
        found = pages.paginate_queryset(categories.of_tenant(principal(request).tenant), request, view=self)
        return pages.get_paginated_response(CategorySerializer(found or [], many=True).data)

    @extend_schema(
        operation_id="categories_create",
        request=NewCategorySerializer,
        responses={201: CategorySerializer, **_REFUSED},
    )
    def post(self, request: Request) -> Response:
        """A new one; or, with the key of one of the site's, what the tenant says instead of that."""
        asked = NewCategorySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made = categories.create(principal(request).tenant, **asked.validated_data)
        return Response(CategorySerializer(made).data, status=status.HTTP_201_CREATED)


class CategoryView(TenantView):
    @extend_schema(operation_id="categories_retrieve", responses=CategorySerializer)
    def get(self, request: Request, key: str) -> Response:
        """One category."""
        return Response(CategorySerializer(_category(request, key)).data)

    @extend_schema(
        operation_id="categories_change",
        request=CategoryChangesSerializer,
        responses={200: CategorySerializer, **_REFUSED},
    )
    def patch(self, request: Request, key: str) -> Response:
        """Word it otherwise. 409 `shared` for one of the site's."""
        category = _category(request, key)
        asked = CategoryChangesSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(CategorySerializer(categories.change(category, **asked.validated_data)).data)

    @extend_schema(operation_id="categories_delete", responses={204: None, (409, _PROBLEM): ProblemSerializer})
    def delete(self, request: Request, key: str) -> Response:
        """Remove it. 409 `in_use` while a workflow is in it, `shared` for one of the site's."""
        categories.delete(_category(request, key))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _category(request: Request, key: str) -> Category:
    found = categories.find(principal(request).tenant, key)
    if found is None:
        raise NotFound
    return found
