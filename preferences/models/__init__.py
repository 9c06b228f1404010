"""The rows of this app."""

from .choice import Choice

__all__ = ["Choice"]
