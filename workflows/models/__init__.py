"""The rows of this app."""

from .act import Act, Awaited
from .collecting import Window, WindowItem
from .definition import Definition
from .results import ChunkResult, RunResult
from .run import Run, Status
from .silence import Silence
from .template import Fragment, FragmentKind, Template, TemplateVersion, Wording
from .throttle import Throttle
from .walk import HOUSE, WENT, Chunk, Cohort, Outcome
from .workflow import Workflow, WorkflowStatus, WorkflowVersion

__all__ = [
    "HOUSE",
    "WENT",
    "Act",
    "Awaited",
    "Chunk",
    "ChunkResult",
    "Cohort",
    "Definition",
    "Fragment",
    "FragmentKind",
    "Outcome",
    "Run",
    "RunResult",
    "Silence",
    "Status",
    "Template",
    "TemplateVersion",
    "Throttle",
    "Window",
    "WindowItem",
    "Wording",
    "Workflow",
    "WorkflowStatus",
    "WorkflowVersion",
]
