"""The rows of this app."""

from .channel import Channel
from .delivery import Attempt, Delivery, State
from .lane import Breaker, Lane
from .message import Message

__all__ = ["Attempt", "Breaker", "Channel", "Delivery", "Lane", "Message", "State"]
