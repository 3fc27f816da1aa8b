"""``zec-pulumi report``: what a preview says about machines, for people, pull requests and pipelines."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from zec_pulumi.cli.output import write, write_error, write_json
from zec_pulumi.cli.parser import add_command
from zec_pulumi.cli.report import as_json, markdown, terminal
from zec_pulumi.cli.report.from_preview import foreign_errors, report_of
from zec_pulumi.cli.report.model import FailOn, Failure, Report
from zec_pulumi.cli.report.preview_json import Preview, PreviewError, read

if TYPE_CHECKING:
    import argparse

    from zec_pulumi.cli.parser import Commands

_DESCRIPTION = """\
What a preview says about machines: whose boot disk will be wiped and why, which rebuilds wait
for approval and by which token, and what is adopted, joined, changed in place or forgotten.

It reads what `pulumi preview --json` prints, from a file or from standard input, or runs the
preview itself. It needs neither the API nor its credentials, and repeats no secret.
"""

_EPILOG = """\
Exit status:

  0  nothing is wiped, or all of it is approved
  2  something is wiped, or may be, and is not approved
  1  the preview failed or cannot be read; what is known is printed

Examples:

  zec-pulumi report --stack prod                               # runs pulumi preview, changes nothing
  pulumi preview --json > preview.json; zec-pulumi report preview.json
  pulumi preview --json --refresh | zec-pulumi report -        # with what was changed outside Pulumi
  zec-pulumi report preview.json --preview-status "$status"    # the status that pulumi preview ended with
  zec-pulumi report preview.json --format markdown > comment.md
  zec-pulumi report preview.json --format json | jq -r '.tokens[]'
  zec-pulumi report preview.json --fail-on any                 # no wipe at all, approved or not
"""


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add this subcommand to the root parser."""
    parser = add_command(
        commands, "report", summary="say what a preview would do to machines", description=_DESCRIPTION, epilog=_EPILOG
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("file", nargs="?", metavar="FILE", help="what pulumi preview --json printed; - reads it here")
    source.add_argument("--stack", metavar="NAME", help="run pulumi preview --json for this stack")
    parser.add_argument("--cwd", metavar="DIR", type=Path, help="folder of the Pulumi project, with --stack")
    parser.add_argument(
        "--preview-status",
        type=int,
        metavar="N",
        help="exit status of the pulumi preview that wrote FILE; any but 0 is a failed preview",
    )
    parser.add_argument("--format", choices=("terminal", "markdown", "json"), default="terminal", help="of the report")
    parser.add_argument(
        "--fail-on",
        choices=[choice.value for choice in FailOn],
        default=FailOn.UNAPPROVED.value,
        help="which wipes make the exit status 2 (default: unapproved)",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    try:
        preview, ended = _preview(arguments)
    except PreviewError as error:
        write_error(f"zec-pulumi report: {error}")
        return 1
    report = report_of(preview)
    for line in foreign_errors(preview):
        write_error(line)
    if ended and not report.failures:
        report = _with_failure(report, ended)
    _show(report, arguments.format)
    return report.exit_code(FailOn(arguments.fail_on))


def _preview(arguments: argparse.Namespace) -> tuple[Preview, int]:
    """Return the preview, and the exit status of the engine: as it ran here, or as it was given."""
    if arguments.stack is not None:
        if arguments.preview_status is not None:
            raise PreviewError("--preview-status goes with FILE only")
        return _preview_of_stack(arguments.stack, arguments.cwd)
    if arguments.cwd is not None:
        raise PreviewError("--cwd goes with --stack only")
    ended: int = arguments.preview_status or 0
    if arguments.file == "-":
        return read(sys.stdin.buffer.read() if sys.stdin else b""), ended
    try:
        return read(Path(arguments.file).read_bytes()), ended
    except OSError as error:
        raise PreviewError(f"cannot read {arguments.file}: {error.strerror}") from error


def _preview_of_stack(stack: str, folder: Path | None) -> tuple[Preview, int]:
    """Run the preview; the engine's messages go to standard error."""
    engine = shutil.which("pulumi")
    if engine is None:
        raise PreviewError("there is no pulumi on PATH")
    command = [engine, "preview", "--json", "--non-interactive", f"--stack={stack}"]
    try:
        ended = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)  # noqa: S603 the user's own engine
    except OSError as error:
        raise PreviewError(f"cannot run pulumi in {folder}: {error.strerror}") from error
    if not ended.stdout.strip():
        raise PreviewError(f"pulumi preview ended with status {ended.returncode} and printed no preview")
    return read(ended.stdout), ended.returncode


def _with_failure(report: Report, status: int) -> Report:
    failure = Failure(f"pulumi preview ended with status {status}")
    return Report(**{**vars(report), "failures": (failure,)})


def _show(report: Report, form: str) -> None:
    if form == "terminal":
        terminal.show(report)
    elif form == "json":
        write_json(as_json.document(report))
    else:
        write(markdown.render(report), encoding="utf-8")
