"""The rows of this app."""

from .channel import Channel
from .delivery import ENDED_BADLY, ENDED_WELL, ERASED, MISSED, OPEN, Attempt, Delivery, Lease, State
from .endpoint import Endpoint
from .lane import Breaker, Lane
from .message import Message
from .receipt import LASTING, Event, Receipt
from .spending import Spending
from .suppression import Suppression

__all__ = [
    "ENDED_BADLY",
    "ENDED_WELL",
    "ERASED",
    "LASTING",
    "MISSED",
    "OPEN",
    "Attempt",
    "Breaker",
    "Channel",
    "Delivery",
    "Endpoint",
    "Event",
    "Lane",
    "Lease",
    "Message",
    "Receipt",
    "Spending",
    "State",
    "Suppression",
]
