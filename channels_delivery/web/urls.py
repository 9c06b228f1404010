"""The address of the service worker: at the root of the site, because it serves what lies below it."""

from __future__ import annotations

from django.urls import path

from .worker import service_worker

urlpatterns = [path("notifyhub-sw.js", service_worker, name="push-worker")]
