"""Django's admin for this app's rows."""

from . import catalogue, inbox, people, tenancy

__all__ = ["catalogue", "inbox", "people", "tenancy"]
