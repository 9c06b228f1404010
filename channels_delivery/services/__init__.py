"""Services that Apprise knows: which of them the site allows, and one message to one of them."""
