"""Live updates: what changed in an inbox, on screen in every tab within a moment, and exactly what was missed after an
absence.

    a change commits ──► line: one hint a transaction ──► hub: reads the rows of its own people ──► socket: frames

A hint carries no data and may be lost: the hub asks every 25 s whether anybody is behind. What a client shows comes
from rows only, in the order of their revisions, so nothing is shown that was not committed, and nothing twice.
"""
