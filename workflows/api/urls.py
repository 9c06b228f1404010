"""The routes of this app, below `/api/v1/`."""

from django.urls import path

from . import acts, events, explanation, runs, silences, simulation, templates, triggers, versions, workflows

urlpatterns = [
    path("trigger/", triggers.TriggerView.as_view(), name="api-trigger"),
    path("trigger/bulk/", triggers.BulkTriggerView.as_view(), name="api-trigger-bulk"),
    path("events/", events.EventsView.as_view(), name="api-events"),
    path("runs/", runs.RunsView.as_view(), name="api-runs"),
    path("runs/<str:transaction_id>/", runs.RunView.as_view(), name="api-run"),
    path("runs/<str:transaction_id>/cancel/", runs.CancelView.as_view(), name="api-run-cancel"),
    path("runs/<str:transaction_id>/acknowledge/", acts.AcknowledgeView.as_view(), name="api-run-acknowledge"),
    path("runs/<str:transaction_id>/explain/", explanation.ExplainView.as_view(), name="api-run-explain"),
    path("workflows/<str:key>/explain/", explanation.ExplainFutureView.as_view(), name="api-workflow-explain"),
    path("workflows/<str:key>/simulate/", simulation.SimulateView.as_view(), name="api-workflow-simulate"),
    path("templates/", templates.TemplatesView.as_view(), name="api-templates"),
    path("templates/validate/", templates.ValidateTemplateView.as_view(), name="api-template-validate"),
    path("templates/preview/", templates.PreviewTemplateView.as_view(), name="api-template-preview"),
    path("templates/fragments/", templates.FragmentsView.as_view(), name="api-fragments"),
    path("templates/fragments/<uuid:public_id>/", templates.FragmentView.as_view(), name="api-fragment"),
    path("templates/<uuid:public_id>/", templates.TemplateView.as_view(), name="api-template"),
    path(
        "templates/<uuid:public_id>/versions/", templates.TemplateVersionsView.as_view(), name="api-template-versions"
    ),
    path(
        "templates/<uuid:public_id>/rollback/", templates.TemplateRollbackView.as_view(), name="api-template-rollback"
    ),
    path("silences/", silences.SilencesView.as_view(), name="api-silences"),
    path("silences/preview/", silences.SilencePreviewView.as_view(), name="api-silence-preview"),
    path("silences/<uuid:public_id>/", silences.SilenceView.as_view(), name="api-silence"),
    path("silences/<uuid:public_id>/expire/", silences.SilenceExpireView.as_view(), name="api-silence-expire"),
    path("workflows/", workflows.WorkflowsView.as_view(), name="api-workflows"),
    path("workflows/<str:key>/", workflows.WorkflowView.as_view(), name="api-workflow"),
    path("workflows/<str:key>/publish/", versions.PublishView.as_view(), name="api-workflow-publish"),
    path("workflows/<str:key>/archive/", versions.ArchiveView.as_view(), name="api-workflow-archive"),
    path("workflows/<str:key>/validate/", workflows.ValidateView.as_view(), name="api-workflow-validate"),
    path("workflows/<str:key>/preview/", workflows.PreviewView.as_view(), name="api-workflow-preview"),
    path("workflows/<str:key>/versions/", versions.VersionsView.as_view(), name="api-workflow-versions"),
    path("workflows/<str:key>/versions/diff/", versions.DiffView.as_view(), name="api-workflow-diff"),
    path("workflows/<str:key>/rollback/", versions.RollbackView.as_view(), name="api-workflow-rollback"),
]
