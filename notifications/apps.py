from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = __name__.rpartition(".")[0]
    label = "notifyhub_notifications"
    verbose_name = _("Notifications")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.core import checks

        from . import conf, privacy  # noqa: F401 - conf registers the section of the setting
        from .kernel import ticker
        from .kernel.config import check_setting
        from .live import tickets
        from .visibility import check_hook

        checks.register(check_setting)
        checks.register(check_hook)
        privacy.join()
        ticker.register("live.tickets", every=3600, verb=tickets.forget_expired)
