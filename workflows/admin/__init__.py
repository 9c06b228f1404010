"""Django's admin for this app's rows."""

from . import definitions, runs, templates, workflows

__all__ = ["definitions", "runs", "templates", "workflows"]
