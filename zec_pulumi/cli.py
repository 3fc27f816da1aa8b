"""The command ``zec-pulumi``. Each subcommand is a module of its own with ``add_parser``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, cast

from zec_pulumi import attempts_command as attempts
from zec_pulumi.simulator import command as simulator

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit status.

    Args:
        argv: The arguments without the program's name; None takes those of the process.
    """
    parser = argparse.ArgumentParser(
        prog="zec-pulumi", description="Which OS image a Zenlayer ZEC instance runs, as a Pulumi resource."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    simulator.add_parser(commands)
    attempts.add_parser(commands)
    arguments = parser.parse_args(argv)
    return cast("int", arguments.run(arguments))
