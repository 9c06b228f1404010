"""The routes of callbacks, below `/callbacks/`. The keys are UUIDs without hyphens."""

from django.urls import re_path

from . import views

_KEY = r"(?P<key>[0-9a-f]{32})"

urlpatterns = [
    re_path(rf"^deliveries/{_KEY}/\Z", views.of_delivery, name="callback-delivery"),
    re_path(rf"^channels/{_KEY}/\Z", views.of_channel, name="callback-channel"),
]
