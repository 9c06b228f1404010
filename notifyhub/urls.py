"""Where everything is; each app's own urls, put together."""

from django.apps import apps
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from notifications.api.views import NothingView

from .docs import DocsView, SchemaView
from .health import healthz, readyz

_api: list[URLPattern | URLResolver] = [
    path("schema/", SchemaView.as_view(), name="api-schema"),
    path("", include("notifications.api.urls")),
]
if apps.is_installed("preferences"):
    _api.append(path("", include("preferences.api.urls")))
if apps.is_installed("channels_delivery"):
    _api.append(path("", include("channels_delivery.api.urls")))
if apps.is_installed("workflows"):
    _api.append(path("", include("workflows.api.urls")))

_callbacks: list[URLPattern | URLResolver] = []
if apps.is_installed("channels_delivery"):
    _callbacks.append(path("callbacks/", include("channels_delivery.callbacks.urls")))

_api.append(re_path("", NothingView.as_view(), name="api-nothing"))  # the last: whatever is not there

admin.site.site_header = admin.site.site_title = "notifyhub"

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("api/v1/", include(_api)),
    *_callbacks,
    path("api/docs/", DocsView.as_view(url_name="api-schema"), name="api-docs"),
    path("", include("notifications.web.urls")),
    *([path("", include("preferences.web.urls"))] if apps.is_installed("preferences") else []),
    path("", include("notifyhub.pages.urls")),
]
if apps.is_installed("channels_delivery"):
    urlpatterns.append(path("", include("channels_delivery.web.urls")))
