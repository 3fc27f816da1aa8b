"""The command ``zec-pulumi``. Each subcommand is a module of its own with ``add_parser``."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, NoReturn, cast

from zec_pulumi import __version__
from zec_pulumi.cli import attempts, listing, output, simulator
from zec_pulumi.cli.doctor import command as doctor
from zec_pulumi.cli.report import command as report

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Parser(argparse.ArgumentParser):
    """Ends wrong usage with status 1: in `report`, 2 says that a machine is wiped."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(1, f"{self.prog}: error: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit status.

    Args:
        argv: The arguments without the program's name; None takes those of the process.
    """
    parser: argparse.ArgumentParser = _Parser(
        prog="zec-pulumi", description="Which OS image a Zenlayer ZEC instance runs, as a Pulumi resource."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    simulator.add_parser(commands)
    attempts.add_parser(commands)
    doctor.add_parser(commands)
    listing.add_parser(commands)
    report.add_parser(commands)
    output.prepare()
    try:
        arguments = parser.parse_args(argv)
        return cast("int", arguments.run(arguments))
    finally:
        output.write("")  # flushes what argparse has printed
