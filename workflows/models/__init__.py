"""The rows of this app."""

from .definition import Definition
from .run import Run, Status
from .walk import Chunk, Cohort, Outcome

__all__ = ["Chunk", "Cohort", "Definition", "Outcome", "Run", "Status"]
