"""For pipelines and reviews: what a preview says about machines. Needs neither the API nor its credentials."""

from zec_pulumi.gitops.build import build
from zec_pulumi.gitops.lines import Cause, Value
from zec_pulumi.gitops.model import Action, Approval, FailOn, Failure, Gate, Report, Row
from zec_pulumi.gitops.preview_json import Preview, PreviewError, read

__all__ = [
    "Action",
    "Approval",
    "Cause",
    "FailOn",
    "Failure",
    "Gate",
    "Preview",
    "PreviewError",
    "Report",
    "Row",
    "Value",
    "build",
    "read",
]
