"""With what the subcommands ask the API that know no stack."""

from __future__ import annotations

import os
from pathlib import Path

from zec_pulumi.api import Client
from zec_pulumi.journal.clouds import journal_of
from zec_pulumi.journal.journal import Journal, home
from zec_pulumi.settings.config import resolve
from zec_pulumi.time.clock import SystemClock

CREDENTIALS = """\
Credentials come from the environment (ZENLAYERCLOUD_*, ZENLAYER_*) or ~/.zenlayer/credentials.json;
`zec-pulumi doctor` shows which are found. A stack's own configuration is not read.
"""
"""What their help says of credentials."""


def client_from_environment() -> Client:
    """Return a client; close it. Nothing is sent yet.

    Raises:
        ConfigurationError: the settings are missing or wrong.
    """
    settings = resolve({}, os.environ, Path.home())
    return Client(settings.credentials, settings.endpoint, timeouts=settings.timeouts)


def journal_from_environment() -> Journal:
    """Return this computer's journal of that cloud.

    Raises:
        ConfigurationError: the settings are missing or wrong.
    """
    settings = resolve({}, os.environ, Path.home())
    return journal_of(home(os.environ, Path.home()), SystemClock(), settings.endpoint, settings.credentials)
