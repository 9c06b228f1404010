"""The site: composition of the four apps, no models and no verbs of its own."""

from .celery import app as celery_app

__all__ = ["celery_app"]
