"""What the tests of SMS need: channels that send by a provider on this machine, and texts."""

from typing import Any

from channels_delivery.models import Channel
from notifications.models import Tenant

from .backends.stage_sms import SmsStage
from .moves import put

NUMBER = "+4915123456789"


def channel_of(tenant: Tenant, stage: SmsStage, **given: Any) -> Channel:
    own = {field: given.pop(field) for field in ("name", "position") if field in given}
    settings = {**stage.settings, **given}
    return Channel.objects.create(
        **{"tenant": tenant, "kind": "sms", "name": "sms", "settings": settings, "secrets": stage.secrets, **own}
    )


def text(channel: Channel, *numbers: str, said: str = "Hello", **given: Any) -> list[Any]:
    return put(channel.tenant, *numbers, kind="sms", channel=channel.pk, parts={"text": said}, **given)
