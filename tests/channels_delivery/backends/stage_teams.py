"""A receiver that answers as a flow of Teams' Workflows does."""

from collections.abc import Mapping
from typing import Any

from .stage import SECRET
from .stage_slack import SlackStage


class TeamsStage(SlackStage):
    kind = "teams"
    yes, not_now = b"202 Accepted\n", b"502 Bad Gateway\n"
    never = b'400 Bad Request\n{"error":{"code":"WorkflowTriggerIsNotEnabled","message":"off"}}'

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"shape": "message"}

    @property
    def secrets(self) -> Mapping[str, Any]:
        return {"url": f"{self._receiver.address}/workflows/0/triggers/manual/paths/invoke?api-version=1&sig={SECRET}"}

    @property
    def address(self) -> str:
        return "Support in Teams"


STAGE = TeamsStage
