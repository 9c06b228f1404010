from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PreferencesConfig(AppConfig):
    name = __name__.rpartition(".")[0]
    label = "notifyhub_preferences"
    verbose_name = _("Preferences")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.core import checks

        from notifications import directory
        from notifications.kernel import ticker
        from notifications.kernel.clock import db_now

        from . import conf, holding, privacy, retention  # noqa: F401 - conf registers its section
        from .checks import check_defaults_and_locks, check_zone_tables

        checks.register(check_zone_tables)
        checks.register(check_defaults_and_locks, checks.Tags.database)
        directory.on_new_zone(lambda people: holding.look_again(people, now=db_now()))
        directory.on_new_zone_of_tenant(lambda tenant: holding.look_again_at_all(tenant, now=db_now()))
        privacy.join()
        ticker.register("preferences.retention", every=600, verb=retention.clear_out_for_a_while)
