"""The rows of this app."""

from .act import Act, Awaited
from .collecting import Window, WindowItem
from .definition import Definition
from .run import Run, Status
from .walk import HOUSE, Chunk, Cohort, Outcome

__all__ = [
    "HOUSE",
    "Act",
    "Awaited",
    "Chunk",
    "Cohort",
    "Definition",
    "Outcome",
    "Run",
    "Status",
    "Window",
    "WindowItem",
]
