from tests.channels_delivery.mail.letters import by_site, open_to, server  # noqa: F401  fixtures
