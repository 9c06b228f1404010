"""`templates/`: a tenant's own words for a workflow, by channel, step and language; and what they share."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.api.fields import StrictSerializer
from notifications.api.permissions import HasScope, principal
from notifications.api.views import HubView, Pages
from notifications.kernel.clock import db_now
from notifications.models import Scope, Tenant

from .. import listing, texts
from ..flaws import KEY_MAX
from ..models import Fragment, FragmentKind, Template, TemplateVersion
from ..preview import preview_texts
from ..texts import Place
from .own import who
from .previews import ReaderSerializer, ShownPageSerializer, checked, reader, shown_json
from .shapes import REFUSED, FindingsSerializer

SOURCE_MAX = 64_000


class NewTemplateSerializer(StrictSerializer):
    workflow = serializers.CharField(max_length=KEY_MAX)
    channel = serializers.CharField(max_length=32)
    step = serializers.CharField(
        max_length=64,
        required=False,
        allow_blank=True,
        help_text="Where the send stands; empty for all of this channel",
    )
    locale = serializers.CharField(
        max_length=16, required=False, allow_blank=True, help_text="For people of this language; empty for everybody"
    )
    texts = serializers.DictField(help_text="Liquid by name: title, body, url, …, and those of the channel")
    layout = serializers.CharField(max_length=64, required=False, allow_blank=True, help_text="Name of a mail's layout")

    def place(self) -> Place:
        given = {name: value for name, value in self.validated_data.items() if name in Place.__dataclass_fields__}
        return Place(**given)


class TemplateChangesSerializer(StrictSerializer):
    """What is left out stays; `texts` are taken whole. What a template is for does not change."""

    texts = serializers.DictField(required=False)
    layout = serializers.CharField(max_length=64, required=False, allow_blank=True)


class TemplateSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="public_id")
    workflow = serializers.CharField()
    channel = serializers.CharField()
    step = serializers.CharField()
    locale = serializers.CharField()
    texts = serializers.DictField()
    layout = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class TemplateVersionSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    texts = serializers.DictField()
    layout = serializers.CharField()
    saved_by = serializers.CharField()
    saved_at = serializers.DateTimeField()


class TemplateVersionsSerializer(serializers.Serializer[Any]):
    results = TemplateVersionSerializer(many=True)


class TemplateRollbackSerializer(StrictSerializer):
    version = serializers.IntegerField(min_value=1, help_text="The number of the version to go back to")


class TemplatePageSerializer(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = TemplateSerializer(many=True)


class TemplatePreviewSerializer(ReaderSerializer):
    workflow = serializers.CharField(max_length=KEY_MAX)
    texts = serializers.DictField()
    layout = serializers.CharField(max_length=64, required=False, allow_blank=True)


class FragmentSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="public_id")
    kind = serializers.CharField(help_text=f"One of {', '.join(FragmentKind.values)}")
    name = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # the name of a field of ours
    updated_at = serializers.DateTimeField()


class FragmentPageSerializer(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = FragmentSerializer(many=True)


class WrittenFragmentSerializer(StrictSerializer):
    kind = serializers.CharField(max_length=16, help_text=f"One of {', '.join(FragmentKind.values)}")
    name = serializers.CharField(max_length=64)
    source = serializers.CharField(max_length=SOURCE_MAX, trim_whitespace=False)  # type: ignore[assignment]


class _TemplateRoute(HubView):
    permission_classes = [HasScope]
    scope = Scope.ADMIN
    read_scope = Scope.READ


class TemplatesView(_TemplateRoute):
    @extend_schema(
        operation_id="templates_list",
        parameters=[
            OpenApiParameter("cursor", str),
            OpenApiParameter("limit", int),
            OpenApiParameter("workflow", str),
            OpenApiParameter("channel", str),
            OpenApiParameter("locale", str),
        ],
        responses=TemplatePageSerializer,
    )
    def get(self, request: Request) -> Response:
        """The tenant's templates, oldest first."""
        rows = Template.objects.filter(tenant=principal(request).tenant)
        for name in ("workflow", "channel", "locale"):
            if given := request.query_params.get(name):
                rows = rows.filter(**{name: given})
        pages = Pages()
        found = pages.paginate_queryset(rows, request, view=self) or []
        return pages.get_paginated_response(TemplateSerializer(found, many=True).data)

    @extend_schema(
        operation_id="templates_create", request=NewTemplateSerializer, responses={201: TemplateSerializer, **REFUSED}
    )
    def post(self, request: Request) -> Response:
        """Say it in other words, from the next trigger on. What the template leaves out, the workflow says."""
        asked = NewTemplateSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        layout, by = given.get("layout", ""), who(principal(request))
        row = texts.create(principal(request).tenant, asked.place(), given["texts"], layout=layout, by=by)
        return Response(TemplateSerializer(row).data, status=status.HTTP_201_CREATED)


class TemplateView(_TemplateRoute):
    @extend_schema(operation_id="templates_retrieve", responses=TemplateSerializer)
    def get(self, request: Request, public_id: UUID) -> Response:
        """One template."""
        return Response(TemplateSerializer(_template(request, public_id)).data)

    @extend_schema(
        operation_id="templates_change",
        request=TemplateChangesSerializer,
        responses={200: TemplateSerializer, **REFUSED},
    )
    def patch(self, request: Request, public_id: UUID) -> Response:
        """Change it, from the next trigger on. Runs that are under way keep the words that they started with."""
        row = _template(request, public_id)
        asked = TemplateChangesSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        changed = texts.change(row, **asked.validated_data, by=who(principal(request)))
        return Response(TemplateSerializer(changed).data)

    @extend_schema(operation_id="templates_delete", responses={204: None})
    def delete(self, request: Request, public_id: UUID) -> Response:
        """The workflow's own texts are said again."""
        texts.delete(_template(request, public_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class TemplateVersionsView(_TemplateRoute):
    @extend_schema(operation_id="templates_versions", responses=TemplateVersionsSerializer)
    def get(self, request: Request, public_id: UUID) -> Response:
        """What it said and since when, the latest first; at most 500."""
        row = _template(request, public_id)
        versions = TemplateVersion.objects.filter(tenant=row.tenant_id, template=row).order_by("-number")[:500]
        return Response({"results": TemplateVersionSerializer(versions, many=True).data})


class TemplateRollbackView(_TemplateRoute):
    @extend_schema(
        operation_id="templates_rollback",
        request=TemplateRollbackSerializer,
        responses={200: TemplateSerializer, **REFUSED},
    )
    def post(self, request: Request, public_id: UUID) -> Response:
        """Say again what an old version said, as a new one."""
        row = _template(request, public_id)
        asked = TemplateRollbackSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        back = texts.rollback(row, asked.validated_data["version"], by=who(principal(request)))
        return Response(TemplateSerializer(back).data)


class ValidateTemplateView(_TemplateRoute):
    @extend_schema(
        operation_id="templates_validate",
        request=NewTemplateSerializer,
        responses={200: FindingsSerializer, **REFUSED},
    )
    def post(self, request: Request) -> Response:
        """Whether such a template could be saved, and what looks like a mistake. Nothing is kept."""
        asked = NewTemplateSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        said = texts.inspect(principal(request).tenant, asked.place(), given["texts"], layout=given.get("layout", ""))
        errors, warnings = ([asdict(flaw) for flaw in flaws] for flaws in (said.errors, said.warnings))
        return Response({"valid": not errors, "errors": errors, "warnings": warnings})


class PreviewTemplateView(_TemplateRoute):
    @extend_schema(
        operation_id="templates_preview",
        request=TemplatePreviewSerializer,
        responses={200: ShownPageSerializer, **REFUSED},
    )
    def post(self, request: Request) -> Response:
        """What these texts would say, on every channel that takes them. Nothing is kept and nobody is told."""
        tenant = principal(request).tenant
        asked = TemplatePreviewSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        found = listing.find(tenant, given["workflow"])
        if found is None:
            raise NotFound
        body = found.design.body(found.key)
        whole = texts.showable(tenant, given["texts"], given.get("layout", ""))
        shown = preview_texts(whole, body, reader(request, given), payload=checked(given, body), now=db_now())
        return Response({"results": [shown_json(one) for one in shown]})


class FragmentsView(_TemplateRoute):
    @extend_schema(
        operation_id="templates_fragments_list",
        parameters=[OpenApiParameter("cursor", str), OpenApiParameter("limit", int)],
        responses=FragmentPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """The tenant's layouts and snippets, oldest first."""
        pages = Pages()
        rows = Fragment.objects.filter(tenant=principal(request).tenant)
        found = pages.paginate_queryset(rows, request, view=self) or []
        return pages.get_paginated_response(FragmentSerializer(found, many=True).data)

    @extend_schema(
        operation_id="templates_fragments_write",
        request=WrittenFragmentSerializer,
        responses={200: FragmentSerializer, **REFUSED},
    )
    def post(self, request: Request) -> Response:
        """Create one, or change the one of this kind and name, and with it all templates that use it."""
        asked = WrittenFragmentSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        row = texts.save_fragment(principal(request).tenant, **asked.validated_data)
        return Response(FragmentSerializer(row).data)


class FragmentView(_TemplateRoute):
    @extend_schema(operation_id="templates_fragments_retrieve", responses=FragmentSerializer)
    def get(self, request: Request, public_id: UUID) -> Response:
        """One layout or snippet."""
        return Response(FragmentSerializer(_fragment(principal(request).tenant, public_id)).data)

    @extend_schema(operation_id="templates_fragments_delete", responses={204: None, **REFUSED})
    def delete(self, request: Request, public_id: UUID) -> Response:
        """Remove it. 409 while a template uses it."""
        texts.delete_fragment(_fragment(principal(request).tenant, public_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _template(request: Request, public_id: UUID) -> Template:
    rows = Template.objects.filter(tenant=principal(request).tenant, public_id=public_id)
    found = rows.select_related("tenant").first()
    if found is None:
        raise NotFound
    return found


def _fragment(tenant: Tenant, public_id: UUID) -> Fragment:
    found = Fragment.objects.filter(tenant=tenant, public_id=public_id).select_related("tenant").first()
    if found is None:
        raise NotFound
    return found
