"""Django's admin for this app's rows."""

from . import definitions, runs

__all__ = ["definitions", "runs"]
