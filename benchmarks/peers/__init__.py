"""Other projects, each in a process and a virtualenv of its own, driven by JSON lines."""
