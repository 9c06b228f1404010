"""The rows of this app."""

from .change import Change, Via
from .choice import Choice, personal_kinds
from .habits import Habits, TenantHabits
from .hold import End, HeldWords, Hold
from .tenant import TenantChoice

__all__ = [
    "Change",
    "Choice",
    "End",
    "Habits",
    "HeldWords",
    "Hold",
    "TenantChoice",
    "TenantHabits",
    "Via",
    "personal_kinds",
]
