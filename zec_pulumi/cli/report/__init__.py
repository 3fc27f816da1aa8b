"""For pipelines and reviews: what a preview says about machines. Needs neither the API nor its credentials."""

from zec_pulumi.cli.report.build import build
from zec_pulumi.cli.report.model import Action, Approval, FailOn, Failure, Gate, Report, Row
from zec_pulumi.cli.report.preview_json import Preview, PreviewError, read

__all__ = [
    "Action",
    "Approval",
    "FailOn",
    "Failure",
    "Gate",
    "Preview",
    "PreviewError",
    "Report",
    "Row",
    "build",
    "read",
]
