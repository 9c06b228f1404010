"""The rows of this app."""

from .channel import Channel
from .delivery import ENDED_BADLY, ENDED_WELL, MISSED, OPEN, Attempt, Delivery, Lease, State
from .lane import Breaker, Lane
from .message import Message
from .suppression import Suppression

__all__ = [
    "ENDED_BADLY",
    "ENDED_WELL",
    "MISSED",
    "OPEN",
    "Attempt",
    "Breaker",
    "Channel",
    "Delivery",
    "Lane",
    "Lease",
    "Message",
    "State",
    "Suppression",
]
