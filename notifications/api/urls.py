"""The routes of this app, below `/api/v1/`."""

from django.urls import path, re_path

from . import categories, inbox, live, people, targets, topics, trying

_ACTION = f"(?P<action>{'|'.join(targets.VERBS)})"

urlpatterns = [
    path("recipients/", people.RecipientsView.as_view(), name="api-recipients"),
    path("recipients/bulk/", people.RecipientsBulkView.as_view(), name="api-recipients-bulk"),
    path("recipients/<str:external_id>/", people.RecipientView.as_view(), name="api-recipient"),
    path("recipients/<str:external_id>/export/", people.ExportView.as_view(), name="api-recipient-export"),
    path("recipients/<str:external_id>/token/", live.TokenView.as_view(), name="api-recipient-token"),
    path("socket-ticket/", live.TicketView.as_view(), name="api-socket-ticket"),
    path("topics/", topics.TopicsView.as_view(), name="api-topics"),
    path("topics/<str:key>/", topics.TopicView.as_view(), name="api-topic"),
    path("topics/<str:key>/subscribers/", topics.SubscribersView.as_view(), name="api-topic-subscribers"),
    path("topics/<str:key>/topics/", topics.InsideView.as_view(), name="api-topic-inside"),
    path("categories/", categories.CategoriesView.as_view(), name="api-categories"),
    path("categories/<str:key>/", categories.CategoryView.as_view(), name="api-category"),
    path("targets/", targets.OwnTargetsView.as_view(), name="api-targets"),
    re_path(rf"^targets/{_ACTION}/$", targets.OwnTargetView.as_view(), name="api-target"),
    path("recipients/<str:external_id>/targets/", targets.TargetsOfView.as_view(), name="api-recipient-targets"),
    re_path(
        rf"^recipients/(?P<external_id>[^/]+)/targets/{_ACTION}/$",
        targets.TargetOfView.as_view(),
        name="api-recipient-target",
    ),
    path("test/", trying.TryOutView.as_view(), name="api-test"),
    path("test/<uuid:test>/", trying.TriedView.as_view(), name="api-test-result"),
    path("inbox/", inbox.InboxView.as_view(), name="api-inbox"),
    path("inbox/unread-count/", inbox.UnreadCountView.as_view(), name="api-inbox-unread-count"),
    path("inbox/changes/", inbox.ChangesView.as_view(), name="api-inbox-changes"),
    path("inbox/read-all/", inbox.ReadAllView.as_view(), name="api-inbox-read-all"),
    path("inbox/<uuid:public_id>/", inbox.ItemView.as_view(), name="api-inbox-item"),
    re_path(
        r"^inbox/(?P<public_id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/(?P<action>read|unread|seen|archive|unarchive)/$",
        inbox.ItemActionView.as_view(),
        name="api-inbox-item-action",
    ),
]
