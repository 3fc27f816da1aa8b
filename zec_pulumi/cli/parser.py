"""How subcommands are added to the command's parser."""

from __future__ import annotations

import argparse

Commands = argparse._SubParsersAction  # noqa: SLF001 argparse has no public name for it
"""What :meth:`argparse.ArgumentParser.add_subparsers` returns."""


def add_command(
    commands: Commands[argparse.ArgumentParser], name: str, *, summary: str, description: str, epilog: str
) -> argparse.ArgumentParser:
    """Add a subcommand and return its parser; its help shows ``description`` and ``epilog`` as they are written."""
    return commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
