"""The rows of this app."""

from .change import Change, Via
from .choice import Choice, personal_kinds
from .habits import Habits, TenantHabits
from .tenant import TenantChoice

__all__ = ["Change", "Choice", "Habits", "TenantChoice", "TenantHabits", "Via", "personal_kinds"]
