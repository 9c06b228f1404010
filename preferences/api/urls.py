"""The routes of this app, below `/api/v1/`."""

from django.urls import path

from . import held, looking, own

urlpatterns = [
    path("preferences/", own.PreferencesView.as_view(), name="api-preferences"),
    path("preferences/snooze/", own.SnoozeView.as_view(), name="api-preferences-snooze"),
    path("preferences/history/", own.HistoryView.as_view(), name="api-preferences-history"),
    path("preferences/held/", held.HeldView.as_view(), name="api-preferences-held"),
    path("preferences/held/send/", held.SendHeldView.as_view(), name="api-preferences-held-send"),
    path("preferences/matrix/", looking.MatrixView.as_view(), name="api-preferences-matrix"),
    path("preferences/explain/", looking.ExplainView.as_view(), name="api-preferences-explain"),
]
