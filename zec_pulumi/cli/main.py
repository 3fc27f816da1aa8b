"""The command ``zec-pulumi``. Each subcommand is a module of its own with ``add_parser``."""

from __future__ import annotations

import argparse
import difflib
import re
import signal
import sys
from typing import TYPE_CHECKING, NoReturn, cast

from zec_pulumi import __version__
from zec_pulumi.cli import attempts, backups, completion, listing, output, simulator, undo
from zec_pulumi.cli.doctor import command as doctor
from zec_pulumi.cli.report import command as report

if TYPE_CHECKING:
    from collections.abc import Sequence

_WRONG_CHOICE = re.compile(r"invalid choice: '(?P<given>.*)' \(choose from (?P<known>.*)\)$")

_EPILOG = """\
Examples:

  zec-pulumi COMMAND --help                                  # each has examples
  zec-pulumi completion bash > ~/.local/share/bash-completion/completions/zec-pulumi
  python -m zec_pulumi doctor                                # the same command, where PATH does not have it
"""


class _Parser(argparse.ArgumentParser):
    """Ends wrong usage with status 1: in `report`, 2 says that a machine is wiped."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        output.write_error(f"{self.prog}: error: {message}{_did_you_mean(message)}")
        self.exit(1)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit status.

    Args:
        argv: The arguments without the program's name; None takes those of the process.
    """
    parser: argparse.ArgumentParser = _Parser(
        prog="zec-pulumi",
        description="Which OS image a Zenlayer ZEC instance runs, as a Pulumi resource.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    simulator.add_parser(commands)
    attempts.add_parser(commands)
    backups.add_parser(commands)
    doctor.add_parser(commands)
    listing.add_parser(commands)
    report.add_parser(commands)
    undo.add_parser(commands)
    completion.add_parser(commands, parser)
    output.prepare()
    try:
        arguments = parser.parse_args(argv)
        return cast("int", arguments.run(arguments))
    except OSError as error:  # a subcommand handles its own; this is the output
        output.write_error(f"zec-pulumi: the output cannot be written: {error.strerror or error}")
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    finally:
        output.write("")  # flushes what argparse has printed


def _did_you_mean(message: str) -> str:
    """Return the choice that argparse's ``message`` about a wrong one may have meant, as the end of a sentence."""
    found = _WRONG_CHOICE.search(message)
    known = re.findall(r"[\w-]+", found["known"]) if found else []
    close = difflib.get_close_matches(found["given"], known, n=1) if found else []
    return f"; did you mean {close[0]}?" if close else ""
