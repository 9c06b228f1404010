"""The routes of this app, below `/api/v1/`."""

from django.urls import path

from . import explanation, runs, simulation, triggers

urlpatterns = [
    path("trigger/", triggers.TriggerView.as_view(), name="api-trigger"),
    path("trigger/bulk/", triggers.BulkTriggerView.as_view(), name="api-trigger-bulk"),
    path("runs/", runs.RunsView.as_view(), name="api-runs"),
    path("runs/<str:transaction_id>/", runs.RunView.as_view(), name="api-run"),
    path("runs/<str:transaction_id>/cancel/", runs.CancelView.as_view(), name="api-run-cancel"),
    path("runs/<str:transaction_id>/explain/", explanation.ExplainView.as_view(), name="api-run-explain"),
    path("workflows/<str:key>/explain/", explanation.ExplainFutureView.as_view(), name="api-workflow-explain"),
    path("workflows/<str:key>/simulate/", simulation.SimulateView.as_view(), name="api-workflow-simulate"),
]
