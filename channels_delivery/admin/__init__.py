"""Django's admin for this app's rows."""

from . import channels, deliveries, lanes

__all__ = ["channels", "deliveries", "lanes"]
