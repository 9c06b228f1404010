"""The site as a Django app, for its commands and pages."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SiteConfig(AppConfig):
    name = "notifyhub"
    label = "notifyhub_site"
    verbose_name = _("notifyhub site")
