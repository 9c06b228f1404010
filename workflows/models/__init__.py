"""The rows of this app."""

from .definition import Definition
from .results import ChunkResult, RunResult
from .run import Run, Status
from .throttle import Throttle
from .walk import HOUSE, Chunk, Cohort, Outcome

__all__ = [
    "HOUSE",
    "Chunk",
    "ChunkResult",
    "Cohort",
    "Definition",
    "Outcome",
    "Run",
    "RunResult",
    "Status",
    "Throttle",
]
