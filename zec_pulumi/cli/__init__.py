"""The command ``zec-pulumi``, one module or folder a subcommand."""
