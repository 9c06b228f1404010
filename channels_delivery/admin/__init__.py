"""Django's admin for this app's rows."""

from . import channels, deliveries, endpoints, lanes

__all__ = ["channels", "deliveries", "endpoints", "lanes"]
