from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PreferencesConfig(AppConfig):
    name = __name__.rpartition(".")[0]
    label = "notifyhub_preferences"
    verbose_name = _("Preferences")
    default_auto_field = "django.db.models.BigAutoField"
