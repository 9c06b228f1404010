"""A receiver of what Apprise posts as JSON to a server of somebody's, which this site allows."""

from collections.abc import Mapping
from typing import Any

from .stage import SECRET
from .stage_slack import SlackStage


class AppriseStage(SlackStage):
    kind = "apprise"

    @property
    def site(self) -> Mapping[str, Any]:
        return {"APPRISE_SERVICES": ["json", "jsons"]}

    @property
    def secrets(self) -> Mapping[str, Any]:
        return {"url": f"{self._receiver.address.replace('http://', 'json://')}/hooks/{SECRET}"}

    @property
    def address(self) -> str:
        return "Support elsewhere"

    never = b"401 Unauthorized\nno such key: " + SECRET.encode()


STAGE = AppriseStage
