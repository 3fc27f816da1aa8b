"""Makes the TLS certificate of one run, for clients that speak https only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import certifi
import trustme

if TYPE_CHECKING:
    from os import PathLike

NAMES = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Certificate:
    """Files of one run, all PEM.

    Args:
        ca_file: The certificate authority alone.
        bundle_file: The same and the public authorities: what a variable such as SSL_CERT_FILE names, so that a
            client still believes the rest of the world.
        server_file: The server's key and certificate.
    """

    ca_file: Path
    bundle_file: Path
    server_file: Path


def make_certificate(folder: str | PathLike[str], host: str) -> Certificate:
    """Make an authority and a certificate for loopback and ``host``. The key of the authority is never written."""
    made = Certificate(*(Path(folder) / name for name in ("ca.pem", "bundle.pem", "server.pem")))
    authority = trustme.CA(organization_name="zec-pulumi simulator")
    authority.cert_pem.write_to_path(str(made.ca_file))
    made.bundle_file.write_text(f"{made.ca_file.read_text('ascii')}\n{certifi.contents()}", "utf-8")
    authority.issue_cert(*dict.fromkeys((*NAMES, host))).private_key_and_cert_chain_pem.write_to_path(
        str(made.server_file)
    )
    return made
