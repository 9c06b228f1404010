"""Measurements of notifyhub beside a reference and a peer, in the same run: `make bench`."""
