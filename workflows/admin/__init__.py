"""Django's admin for this app's rows."""

from . import definitions, runs, silences, templates, workflows

__all__ = ["definitions", "runs", "silences", "templates", "workflows"]
