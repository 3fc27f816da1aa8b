"""For pipelines and reviews: what a preview says about machines. Needs neither the API nor its credentials."""

from zec_pulumi.cli.report.from_preview import report_of
from zec_pulumi.cli.report.model import Action, Approval, FailOn, Failure, Gate, MachineRow, Report
from zec_pulumi.cli.report.preview_json import Preview, PreviewError, read

__all__ = [
    "Action",
    "Approval",
    "FailOn",
    "Failure",
    "Gate",
    "MachineRow",
    "Preview",
    "PreviewError",
    "Report",
    "read",
    "report_of",
]
