"""The addresses of the site's own pages."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.urls import URLPattern, path

from . import home, sign_in

urlpatterns: list[URLPattern] = [
    path("", home.home, name="home"),
    path("sign-in/", sign_in.SignIn.as_view(), name="sign-in"),
    path("sign-in/as/", sign_in.sign_in_as, name="sign-in-as"),
    path("sign-out/", sign_in.SignOut.as_view(), name="sign-out"),
]
if apps.is_installed("channels_delivery"):
    from . import devices

    urlpatterns.append(path("devices/", devices.page, name="devices"))
if apps.is_installed("workflows"):
    from . import playground, run

    urlpatterns += [
        path("playground/", playground.page, name="playground"),
        path("playground/check/", playground.check, name="playground-check"),
        path("runs/<uuid:run_id>/", run.page, name="run"),
        path("runs/<uuid:run_id>/state/", run.state, name="run-state"),
        path("runs/<uuid:run_id>/cancel/", run.cancel, name="run-cancel"),
    ]

    if settings.NOTIFYHUB_KEEPS_WHAT_IT_SENDS:
        from . import catcher, chats, mailbox, phone, pushes

        urlpatterns += [
            path("mailbox/", mailbox.page, name="mailbox"),
            path("mailbox/state/", mailbox.state, name="mailbox-state"),
            path("mailbox/clear/", mailbox.clear, name="mailbox-clear"),
            path("mailbox/<uuid:mail_id>/", mailbox.message, name="mail"),
            path("mailbox/<uuid:mail_id>/html/", mailbox.html, name="mail-html"),
            path("mailbox/<uuid:mail_id>/attachments/<int:number>/", mailbox.attachment, name="mail-attachment"),
            path("chats/", chats.first, name="all-chats"),
            path("chats/<slug:slug>/", chats.page, name="chats"),
            path("chats/<slug:slug>/state/", chats.state, name="chats-state"),
            path("chats/<slug:slug>/clear/", chats.clear, name="chats-clear"),
            path("chats/<slug:slug>/answer/", chats.answer, name="chats-answer"),
            path("chats/<slug:slug>/resume/", chats.resume, name="chats-resume"),
            path("chats/<slug:slug>/<slug:kind>/", chats.receiver, name="chat-room"),
            path("phone/", phone.first, name="phones"),
            path("phone/<slug:slug>/", phone.page, name="phone"),
            path("phone/<slug:slug>/state/", phone.state, name="phone-state"),
            path("phone/<slug:slug>/answer/", phone.answer, name="phone-answer"),
            path(
                "phone/<slug:slug>/2010-04-01/Accounts/<slug:account>/Messages.json",
                phone.provider,
                name="phone-provider",
            ),
            path("pushes/", pushes.first, name="all-pushes"),
            path("pushes/<slug:slug>/", pushes.page, name="pushes"),
            path("pushes/<slug:slug>/state/", pushes.state, name="pushes-state"),
            path("pushes/<slug:slug>/answer/", pushes.answer, name="pushes-answer"),
            path("pushes/<slug:slug>/again/", pushes.again, name="pushes-again"),
            path("pushes/<slug:slug>/clear/", pushes.clear, name="pushes-clear"),
            path("pushes/<slug:slug>/to/<slug:name>/", pushes.service, name="push-service"),
            path("catcher/", catcher.first, name="catchers"),
            path("catcher/<slug:slug>/", catcher.receiver, name="catcher"),
            path("catcher/<slug:slug>/state/", catcher.state, name="catcher-state"),
            path("catcher/<slug:slug>/answer/", catcher.answer, name="catcher-answer"),
            path("catcher/<slug:slug>/resume/", catcher.resume, name="catcher-resume"),
            path("catcher/<slug:slug>/clear/", catcher.clear, name="catcher-clear"),
            path("catcher/<slug:slug>/<uuid:caught_id>/", catcher.one, name="caught"),
        ]
