"""The rows of this app."""

from .definition import Definition
from .results import ChunkResult, RunResult
from .run import Run, Status
from .template import Fragment, FragmentKind, Template, TemplateVersion, Wording
from .throttle import Throttle
from .walk import HOUSE, Chunk, Cohort, Outcome
from .workflow import Workflow, WorkflowStatus, WorkflowVersion

__all__ = [
    "HOUSE",
    "Chunk",
    "ChunkResult",
    "Cohort",
    "Definition",
    "Fragment",
    "FragmentKind",
    "Outcome",
    "Run",
    "RunResult",
    "Status",
    "Template",
    "TemplateVersion",
    "Throttle",
    "Wording",
    "Workflow",
    "WorkflowStatus",
    "WorkflowVersion",
]
