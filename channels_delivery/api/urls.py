"""The routes of this app, below `/api/v1/`."""

from django.urls import path

from . import channels, deliveries, endpoints, push

urlpatterns = [
    path("channels/", channels.ChannelsView.as_view(), name="api-channels"),
    path("channels/kinds/", channels.KindsView.as_view(), name="api-channels-kinds"),
    path("channels/<uuid:public_id>/", channels.ChannelView.as_view(), name="api-channel"),
    path("channels/<uuid:public_id>/pause/", channels.PauseView.as_view(), name="api-channel-pause"),
    path("channels/<uuid:public_id>/resume/", channels.ResumeView.as_view(), name="api-channel-resume"),
    path("channels/<uuid:public_id>/rotate-secret/", channels.RotateView.as_view(), name="api-channel-rotate"),
    path("channels/<uuid:public_id>/test/", channels.TestView.as_view(), name="api-channel-test"),
    path("deliveries/", deliveries.DeliveriesView.as_view(), name="api-deliveries"),
    path("deliveries/replay/", deliveries.ReplayManyView.as_view(), name="api-deliveries-replay"),
    path("deliveries/<uuid:public_id>/", deliveries.DeliveryView.as_view(), name="api-delivery"),
    path("deliveries/<uuid:public_id>/replay/", deliveries.ReplayOneView.as_view(), name="api-delivery-replay"),
    path("deliveries/<uuid:public_id>/cancel/", deliveries.CancelOneView.as_view(), name="api-delivery-cancel"),
    path("endpoints/", endpoints.EndpointsView.as_view(), name="api-endpoints"),
    path("endpoints/<uuid:public_id>/", endpoints.EndpointView.as_view(), name="api-endpoint"),
    path("endpoints/<uuid:public_id>/code/", endpoints.SendCodeView.as_view(), name="api-endpoint-code"),
    path("endpoints/<uuid:public_id>/verify/", endpoints.VerifyView.as_view(), name="api-endpoint-verify"),
    path("push/vapid-public-key/", push.VapidKeyView.as_view(), name="api-push-key"),
    path("push/subscribe/", push.SubscribeView.as_view(), name="api-push-subscribe"),
    path("push/unsubscribe/", push.UnsubscribeView.as_view(), name="api-push-unsubscribe"),
    path("push/refresh/", push.RefreshView.as_view(), name="api-push-refresh"),
    path("push/devices/", push.DevicesView.as_view(), name="api-push-devices"),
    path("push/devices/<uuid:public_id>/", push.DeviceView.as_view(), name="api-push-device"),
]
