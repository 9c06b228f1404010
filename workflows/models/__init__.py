"""The rows of this app."""

from .definition import Definition
from .run import Run, Status
from .walk import HOUSE, Chunk, Cohort, Outcome

__all__ = ["HOUSE", "Chunk", "Cohort", "Definition", "Outcome", "Run", "Status"]
