"""The way in: HTTP to Django. Static files are WhiteNoise's; the inbox socket joins the router here."""

import warnings

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

from .interpreter import calm_collector
from .settings import choose

choose()
# WhiteNoise streams small files from disk; that Django reads them synchronously is known and cheap.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

_http = get_asgi_application()

from notifications.live.routing import sockets  # noqa: E402 - needs the app registry, which the line above fills

application = ProtocolTypeRouter({"http": _http, "websocket": sockets})

calm_collector()
