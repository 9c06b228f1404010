from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class WorkflowsConfig(AppConfig):
    name = __name__.rpartition(".")[0]
    label = "notifyhub_workflows"
    verbose_name = _("Workflows")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.core import checks

        from channels_delivery import alarm, gate
        from channels_delivery.composing import channel_kinds
        from notifications import kinds, topics
        from notifications.kernel import ticker, waiting
        from notifications.live import watching
        from preferences import holding, warnings

        from . import (  # noqa: F401 - conf registers its section
            awaiting,
            channel_workflows,
            conf,
            door,
            engine,
            levels,
            place_workflows,
            privacy,
            registry,
            releasing,
            retention,
            runs,
            subscribed,
            throttling,
        )

        kinds.add_source(channel_kinds)  # workflows name them, whichever of the two apps is installed first
        gate.install(door.gate)
        alarm.install(channel_workflows.tell_admins)
        alarm.install_for_owners(place_workflows.tell_owners)
        topics.ask_about_conditions(subscribed.problems)
        watching.register("run", runs.watched_by)
        warnings.add_waits(levels.waits_of)
        waiting.register("held", next_due=holding.next_due, work_off=releasing.release_all)
        privacy.join()
        registry.discover()
        checks.register(registry.check_registry)
        post_migrate.connect(_publish, sender=self)
        ticker.register("workflows.sweep", every=1, verb=engine.sweep)
        ticker.register("workflows.release", every=1, verb=releasing.release_for_a_while)
        ticker.register("workflows.forget_keys", every=600, verb=engine.forget_keys)
        ticker.register("workflows.forget_throttles", every=600, verb=throttling.forget_ended)
        ticker.register("workflows.forget_waits", every=600, verb=awaiting.forget_waits)
        ticker.register("workflows.retention", every=600, verb=retention.clear_out_for_a_while)


def _publish(*, using: str, **_: Any) -> None:
    from . import catalogue

    catalogue.publish_static(using=using)
