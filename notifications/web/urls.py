"""The addresses of the notification centre."""

from __future__ import annotations

from django.urls import path

from . import changes, pages

urlpatterns = [
    path("inbox/", pages.inbox_page, name="inbox"),
    path("inbox/read-all/", changes.read_all, name="inbox-read-all"),
    path("inbox/seen/", changes.seen, name="inbox-seen"),
    path("inbox/<uuid:item>/", pages.item_page, name="inbox-item"),
    path("inbox/<uuid:item>/<str:verb>/", changes.change, name="inbox-change"),
    path("tenant/", changes.choose, name="choose-tenant"),
]
