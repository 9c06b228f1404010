"""The site as a Django app, for its commands and pages."""

from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy as _


class SiteConfig(AppConfig):
    name = "notifyhub"
    label = "notifyhub_site"
    verbose_name = _("notifyhub site")

    def ready(self) -> None:
        if not apps.is_installed("workflows"):
            return
        from notifications.live import watching

        from .pages.access import run_watched_by

        watching.register("run", run_watched_by)
