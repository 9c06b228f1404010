"""The settings of this app: `NOTIFYHUB["CHANNELS_DELIVERY"]`."""

from __future__ import annotations

from dataclasses import dataclass, field

from notifications.kernel.config import section


@dataclass(frozen=True)
class ChannelsDeliverySettings:
    """`backends`: dotted paths of further backends. `site_url`: where this site's own pages are for people
    (`https://hub.example.com`); without it, messages that leave the building do not link to them. `gate`: the dotted
    path of who is asked once more before what waited long is sent (see `gate.py`); if it is empty, the workflows' own
    is, where they are installed. `at_once`: how many messages a worker process has under way at a time. `stop_seconds`:
    how long a worker that is told to stop waits for what it has under way, at most 30. For how many days what ended is
    kept:

    - `keep_bodies_days`: the words of messages that reached everybody
    - `keep_dead_days`: the words of those that did not, so that they can be sent once more
    - `keep_attempts_days`: each try
    - `keep_deliveries_days`: that, when and where to something was sent

    The rest is where requests may go and what they may hold:

    - `allow_cidrs`: networks of the site's own that tenants may reach; never loopback, link-local or metadata
    - `allow_ports`: ports beside 443 and 8443, and for mail beside 25, 465, 587 and 2525
    - `allow_origins`: exact origins on this machine (`http://127.0.0.1:8000`, `smtp://127.0.0.1:1025`); only tests and
      the embedded mode obey it
    - `ca_file`: a PEM file of authorities that are trusted beside the system's
    - `dns_threads`: lookups at a time; one tenant gets a quarter
    - `apprise_services`: which services of Apprise tenants may use, by the first part of their URLs
    - `connections_per_host`, `connections_per_tenant`: both are counts of one tenant in one process

    Web push needs `vapid_private_key`, made by `manage.py notifyhub_vapid`, and `vapid_subject`, who answers for the
    messages (`mailto:ops@example.com`). `push_hosts` are the push services that subscriptions may name; `*.` stands for
    whatever is below.
    """

    backends: tuple[str, ...] = ()
    site_url: str = ""
    gate: str = ""
    at_once: int = 200
    stop_seconds: float = 25.0
    keep_bodies_days: int = 7
    keep_dead_days: int = 30
    keep_attempts_days: int = 30
    keep_deliveries_days: int = 90
    allow_cidrs: tuple[str, ...] = ()
    allow_ports: tuple[int, ...] = ()
    allow_origins: tuple[str, ...] = ()
    ca_file: str = ""
    dns_threads: int = 16
    connections_per_host: int = 32
    connections_per_tenant: int = 128
    vapid_private_key: str = field(default="", repr=False)
    vapid_subject: str = ""
    push_hosts: tuple[str, ...] = (
        "fcm.googleapis.com",
        "updates.push.services.mozilla.com",
        "*.push.services.mozilla.com",
        "web.push.apple.com",
        "*.push.apple.com",
        "*.notify.windows.com",
    )
    apprise_services: tuple[str, ...] = ("discord", "tgram", "pover", "gchat", "wxteams", "zulip", "pbul", "pagerduty")


conf = section("CHANNELS_DELIVERY", ChannelsDeliverySettings)
