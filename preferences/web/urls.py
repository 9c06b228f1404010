"""The addresses of the pages of this app."""

from __future__ import annotations

from django.urls import path

from . import settings, unsubscribe

urlpatterns = [
    path("preferences/", settings.page, name="preferences"),
    path("unsubscribe/<str:token>/", unsubscribe.page, name="unsubscribe"),
]
