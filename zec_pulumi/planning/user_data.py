"""User data by its content: what makes two first-boot scripts the same, however they are packed. Pure functions.

Two kinds of packing carry values that mean nothing, and that programs make anew at every run: the header of a gzip
file (time, name, level) and the boundary of a MIME message. Whatever cannot be unpacked exactly counts as plain bytes.
"""

from __future__ import annotations

import email
import hashlib
import json
import re
import zlib
from email.message import Message

MOST_BYTES = 16 * 1024 * 1024
"""How much of a gzip file is unpacked; a larger one counts as plain bytes."""

_GZIP = b"\x1f\x8b"
_MIME_STARTS = (b"content-type:", b"mime-version:")
_COMPARED_BY_MEANING = frozenset({"content-type", "content-transfer-encoding", "mime-version"})
_ENCODINGS = frozenset({"7bit", "8bit", "binary", "base64", "quoted-printable"})
_FOLD = re.compile(r"\r?\n[ \t]+")
_DEEPEST = 8


def same_content(one: bytes | None, other: bytes | None) -> bool:
    """Whether two scripts are the same to the machine that runs them; nothing and the empty script are the same."""
    if (one or b"") == (other or b""):
        return True
    return bool(one and other) and content_digest(one) == content_digest(other)


def content_digest(data: bytes | None) -> str:
    """Return the SHA-256 of the content in hexadecimal; equal for two packings of the same content.

    A digest of a secret is as good as the secret to whoever can guess it: it is compared, and never recorded or shown.
    """
    return _digest(data or b"", packed=True)


def _digest(data: bytes, *, packed: bool) -> str:
    """Return the digest; ``packed`` says that a gzip file is unpacked, which is done once."""
    if packed and data.startswith(_GZIP):
        unpacked = _gunzip(data)
        if unpacked is not None:
            return _hash("gzip", _digest(unpacked, packed=False))
    structure = _mime(data)
    return _hash("bytes", data) if structure is None else _hash("mime", json.dumps(structure))


def _hash(kind: str, content: str | bytes) -> str:
    content = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(kind.encode() + b"\0" + content).hexdigest()


def _gunzip(data: bytes) -> bytes | None:
    """Return what all members of a gzip file hold; None when it is none, is damaged, or holds too much."""
    unpacked = b""
    while data:
        member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            unpacked += member.decompress(data, MOST_BYTES + 1 - len(unpacked))
        except zlib.error:
            return None
        if not member.eof or len(unpacked) > MOST_BYTES:
            return None
        data = member.unused_data
    return unpacked


def _mime(data: bytes) -> object | None:
    """Return the structure of a MIME message of several parts; None when it is none, or cannot be read exactly."""
    if not data.lstrip().lower().startswith(_MIME_STARTS) and b"\nmime-version:" not in data[:4096].lower():
        return None
    message = email.message_from_bytes(data)
    return _part(message, 0) if message.is_multipart() else None


def _part(part: Message, depth: int) -> object | None:
    """Return type, headers and content of a part; the order of headers, and the case of their names, mean nothing."""
    values = part.values()
    if depth > _DEEPEST or not all(isinstance(value, str) for value in values):  # others hold bytes that are no ASCII
        return None
    content: object
    if part.is_multipart():
        inner = [_part(one, depth + 1) for one in part.get_payload() if isinstance(one, Message)]
        content = None if None in inner else [part.preamble or "", inner, part.epilogue or ""]
    else:
        content = _payload(part)
    # Defects are found while the content is decoded, too.
    if content is None or part.defects:
        return None
    kind = str(part.get("content-type", "")).partition(";")[0].strip().lower()
    parameters = sorted((name.lower(), str(value)) for name, value in part.get_params([])[1:])
    headers = sorted((name.lower(), _FOLD.sub(" ", value)) for name, value in part.items())
    return [
        kind,
        [pair for pair in parameters if pair[0] != "boundary"],
        [pair for pair in headers if pair[0] not in _COMPARED_BY_MEANING],
        content,
    ]


def _payload(part: Message) -> str | None:
    """Return the digest of what a part holds, decoded; None where its encoding is not known."""
    payload = part.get_payload(decode=True)
    known = str(part.get("content-transfer-encoding", "7bit")).strip().lower() in _ENCODINGS
    return hashlib.sha256(payload).hexdigest() if known and isinstance(payload, bytes) else None
