"""The rows of this app."""

from .base import TenantOwned, TenantQuerySet, UnscopedQuery
from .catalogue import Category, NoticeType, Tab
from .inbox import InboxItem, InboxState, Mark, Notification, State
from .live import SocketTicket
from .people import TARGET_MAX, Attention, Nesting, Recipient, Role, Stance, Subscription, Topic
from .sweep import Sweep
from .tenancy import ApiKey, Scope, Tenant

__all__ = [
    "TARGET_MAX",
    "ApiKey",
    "Attention",
    "Category",
    "InboxItem",
    "InboxState",
    "Mark",
    "Nesting",
    "NoticeType",
    "Notification",
    "Recipient",
    "Role",
    "Scope",
    "SocketTicket",
    "Stance",
    "State",
    "Subscription",
    "Sweep",
    "Tab",
    "Tenant",
    "TenantOwned",
    "TenantQuerySet",
    "Topic",
    "UnscopedQuery",
]
