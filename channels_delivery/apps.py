from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChannelsDeliveryConfig(AppConfig):
    name = __name__.rpartition(".")[0]
    label = "notifyhub_channels_delivery"
    verbose_name = _("Delivery")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_out
        from django.core import checks

        from notifications import kinds, rotation, routing, trying
        from notifications.kernel import ticker

        from . import courier, endpoints, privacy, retention, suppression, sweeps
        from .backends import channel_kinds
        from .carried import CARRIED_KEYS
        from .checks import check_gate, check_keys, check_vapid
        from .outbound.site import check_outbound
        from .push.signed_in import forget_devices
        from .trying import OutboxTester

        checks.register(check_outbound)
        checks.register(check_gate)
        checks.register(check_vapid)
        checks.register(check_keys, checks.Tags.database)
        kinds.add_source(channel_kinds)
        routing.add_suppression(suppression.suppressed_among)
        for address in (endpoints.SOURCE, *routing.ADDRESSES):
            routing.add_source(address, endpoints.reach)
        trying.add_tester(OutboxTester())
        user_logged_out.connect(forget_devices, dispatch_uid="notifyhub.devices")
        rotation.install(CARRIED_KEYS)
        privacy.join()
        ticker.register("outbox.drain", every=1, verb=courier.ring_if_due)
        ticker.register("outbox.sweep", every=10, verb=sweeps.sweep)
        ticker.register("outbox.note_forgotten", every=600, verb=sweeps.note_forgotten)
        ticker.register("outbox.retention", every=600, verb=retention.clear_out_for_a_while)
