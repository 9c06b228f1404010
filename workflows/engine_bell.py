"""The engine's doorbell: the name of its task and its queue, for whoever has work for it."""

BELL = "notifyhub.engine.drain"
QUEUE = "engine"
