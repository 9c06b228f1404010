"""The rows of this app."""

from .definition import Definition
from .run import Run, Status
from .template import Fragment, FragmentKind, Template, TemplateVersion, Wording
from .walk import HOUSE, Chunk, Cohort, Outcome
from .workflow import Workflow, WorkflowStatus, WorkflowVersion

__all__ = [
    "HOUSE",
    "Chunk",
    "Cohort",
    "Definition",
    "Fragment",
    "FragmentKind",
    "Outcome",
    "Run",
    "Status",
    "Template",
    "TemplateVersion",
    "Wording",
    "Workflow",
    "WorkflowStatus",
    "WorkflowVersion",
]
