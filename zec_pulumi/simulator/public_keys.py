"""Whether a text is an OpenSSH public key. Source: RFC 4253, section 6.6, and the key types that OpenSSH has."""

from __future__ import annotations

import base64
import binascii
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_KEYS = 5
TYPES = {
    "ssh-rsa",
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
}


def is_public_key(text: str) -> bool:
    """Whether the text is one to five public keys, each on a line of its own."""
    lines = text.strip().splitlines()
    return 1 <= len(lines) <= MAX_KEYS and all(_is_key(line) for line in lines)


def _is_key(line: str) -> bool:
    kind, encoded = [*line.split(), "", ""][:2]
    try:
        # No type has more than five fields; what is hostile has no end of them.
        fields = list(islice(_fields(base64.b64decode(encoded, validate=True)), 6))
    except (binascii.Error, ValueError):
        return False
    return kind in TYPES and len(fields) > 1 and fields[0] == kind.encode() and all(fields)


def _fields(blob: bytes) -> Iterator[bytes]:
    """Yield the fields of a key, each behind its length; raise ValueError where it is cut short."""
    while blob:
        end = 4 + int.from_bytes(blob[:4], "big")
        if len(blob) < end:
            raise ValueError
        yield blob[4:end]
        blob = blob[end:]
