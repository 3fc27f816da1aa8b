"""For pipelines and reviews: what a preview says about machines. Needs neither the API nor its credentials."""

from zec_pulumi.cli.report.build import build
from zec_pulumi.cli.report.model import Action, Approval, FailOn, Failure, Gate, Report, Row
from zec_pulumi.cli.report.preview_json import Preview, PreviewError, read
from zec_pulumi.messages.parse import Cause, Value

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
