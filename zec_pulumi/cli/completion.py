"""``zec-pulumi completion``: the script by which a shell completes this command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.cli.output import write, write_error
from zec_pulumi.cli.parser import add_command

if TYPE_CHECKING:
    import argparse

    from zec_pulumi.cli.parser import Commands

_DESCRIPTION = """\
Print the script by which a shell completes this command: its subcommands, options and choices.

The package's extra `cli` makes it: pip install 'zec_pulumi[cli]'. The script itself needs nothing.
"""

_EPILOG = """\
Examples:

  zec-pulumi completion bash > ~/.local/share/bash-completion/completions/zec-pulumi
  zec-pulumi completion zsh > ~/.zfunc/_zec-pulumi          # a folder of your fpath
  zec-pulumi completion fish > ~/.config/fish/completions/zec-pulumi.fish
"""


def add_parser(commands: Commands[argparse.ArgumentParser], root: argparse.ArgumentParser) -> None:
    """Add this subcommand to ``root``, the parser of the whole command, by way of its ``commands``."""
    parser = add_command(
        commands, "completion", summary="print a script for your shell", description=_DESCRIPTION, epilog=_EPILOG
    )
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell that is to complete")
    parser.set_defaults(run=_run, root=root)


def _run(arguments: argparse.Namespace) -> int:
    try:
        import shtab  # noqa: PLC0415 an extra
    except ModuleNotFoundError:
        write_error("zec-pulumi completion: this needs the package's extra: pip install 'zec_pulumi[cli]'")
        return 1
    write(shtab.complete(arguments.root, arguments.shell) + "\n")
    return 0
