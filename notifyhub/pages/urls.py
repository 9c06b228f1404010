"""The addresses of the site's own pages."""

from __future__ import annotations

from django.apps import apps
from django.urls import URLPattern, path

from . import home, sign_in

urlpatterns: list[URLPattern] = [
    path("", home.home, name="home"),
    path("sign-in/", sign_in.SignIn.as_view(), name="sign-in"),
    path("sign-in/as/", sign_in.sign_in_as, name="sign-in-as"),
    path("sign-out/", sign_in.SignOut.as_view(), name="sign-out"),
]
if apps.is_installed("workflows"):
    from . import playground, run

    urlpatterns += [
        path("playground/", playground.page, name="playground"),
        path("playground/check/", playground.check, name="playground-check"),
        path("runs/<uuid:run_id>/", run.page, name="run"),
        path("runs/<uuid:run_id>/state/", run.state, name="run-state"),
        path("runs/<uuid:run_id>/cancel/", run.cancel, name="run-cancel"),
    ]
