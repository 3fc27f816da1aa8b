"""Where the journal of each cloud is: one folder for each endpoint beside the Pulumi home.

An instance id names one machine of an endpoint, whoever asks. So journal, used approvals and above all the lock belong
to endpoint and instance: two people with keys of one account, or one person before and after a token was rotated, see
the same machine, and a lock or an attempt that they did not share would let it be wiped twice. The account is noted in
each line of the journal instead. What other credentials did is never taken for done, and never overlooked: it asks.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from zec_pulumi.api import AccessKey
from zec_pulumi.journal.files import refused, safe_name
from zec_pulumi.journal.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

    from zec_pulumi.api import Credentials, Endpoint
    from zec_pulumi.time.clock import Clock

_CLOUDS = "clouds"
_DEFAULT_PORTS = {"https": 443, "http": 80}


def journal_of(root: Path, clock: Clock, endpoint: Endpoint, credentials: Credentials | None) -> Journal:
    """Return the journal of an endpoint as it counts for these credentials; ``root`` is ``journal.home``."""
    account = account_of(credentials) if credentials else ""
    return Journal(root / _CLOUDS / safe_name(host_of(endpoint)), clock, account, older=root)


def journals(root: Path, clock: Clock) -> dict[str | None, Journal]:
    """Return all journals that there are, by endpoint; None stands for that of older releases.

    Raises:
        JournalError: the folder cannot be read.
    """
    folder = root / _CLOUDS
    try:
        found = sorted(one for one in folder.iterdir() if one.is_dir())
    except FileNotFoundError:
        found = []
    except OSError as error:
        raise refused(folder, error) from error
    return {None: Journal(root, clock), **{unquote(one.name): Journal(one, clock) for one in found}}


def account_of(credentials: Credentials) -> str:
    """Return what tells these credentials from others, and reveals nothing of them."""
    # The id of an access key is its name; a token has none.
    text = credentials.access_key_id if isinstance(credentials, AccessKey) else credentials.token
    return hashlib.sha256(f"zec_pulumi account {text}".encode()).hexdigest()[:16]


def host_of(endpoint: Endpoint) -> str:
    """Return what tells endpoints apart: host and port, as :func:`journals` names them."""
    parts = urlsplit(f"//{endpoint.domain}")
    name = (parts.hostname or "").removesuffix(".")  # a host name may end in the root of all names
    return name if parts.port in (None, _DEFAULT_PORTS[endpoint.scheme]) else f"{name}:{parts.port}"
