"""The routes of this app, below `/api/v1/`."""

from django.urls import path

from . import acts, events, runs, triggers

urlpatterns = [
    path("trigger/", triggers.TriggerView.as_view(), name="api-trigger"),
    path("trigger/bulk/", triggers.BulkTriggerView.as_view(), name="api-trigger-bulk"),
    path("events/", events.EventsView.as_view(), name="api-events"),
    path("runs/", runs.RunsView.as_view(), name="api-runs"),
    path("runs/<str:transaction_id>/", runs.RunView.as_view(), name="api-run"),
    path("runs/<str:transaction_id>/cancel/", runs.CancelView.as_view(), name="api-run-cancel"),
    path("runs/<str:transaction_id>/acknowledge/", acts.AcknowledgeView.as_view(), name="api-run-acknowledge"),
]
