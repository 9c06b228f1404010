"""The rows of this app."""

from .base import TenantOwned, TenantQuerySet, UnscopedQuery
from .catalogue import Category, NoticeType, Tab
from .inbox import InboxItem, InboxState, Mark, Notification, State
from .live import SocketTicket
from .people import Recipient, Role, Subscription, Topic
from .sweep import Sweep
from .tenancy import ApiKey, Scope, Tenant

__all__ = [
    "ApiKey",
    "Category",
    "InboxItem",
    "InboxState",
    "Mark",
    "NoticeType",
    "Notification",
    "Recipient",
    "Role",
    "Scope",
    "SocketTicket",
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
