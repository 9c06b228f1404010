"""The page of people's own places, and the address of the service worker: at the root of the site, because it serves
what lies below it."""

from __future__ import annotations

from django.urls import path

from . import places
from .worker import service_worker

urlpatterns = [
    path("places/", places.page, name="places"),
    path("notifyhub-sw.js", service_worker, name="push-worker"),
]
