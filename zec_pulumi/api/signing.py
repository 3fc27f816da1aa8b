"""Proof of identity for one request: ZC2-HMAC-SHA256 or a bearer token.

Source: the API documentation's page on signatures, whose published example the tests reproduce.
"""

from __future__ import annotations

import hashlib
import hmac

from zec_pulumi.api.credentials import AccessKey, Credentials

METHOD = "ZC2-HMAC-SHA256"
SIGNED_HEADERS = "content-type;host"


def authorization_headers(
    credentials: Credentials, *, content_type: str, host: str, body: bytes, timestamp: int
) -> dict[str, str]:
    """Return the headers that authenticate a request.

    Args:
        credentials: An access key pair signs; a token is sent as it is.
        content_type: The Content-Type header, exactly as sent.
        host: The Host header, exactly as sent; a port that is not the scheme's own is part of it.
        body: The bytes to be sent.
        timestamp: Seconds since the Unix epoch; the API accepts 5 minutes either way.
    """
    if not isinstance(credentials, AccessKey):
        return {"Authorization": f"Bearer {credentials.token}"}
    signature = sign(
        credentials.access_key_password, content_type=content_type, host=host, body=body, timestamp=timestamp
    )
    parts = f"Credential={credentials.access_key_id}, SignedHeaders={SIGNED_HEADERS}, Signature={signature}"
    return {
        "Authorization": f"{METHOD} {parts}",
        "x-zc-signature-method": METHOD,
        "x-zc-timestamp": str(timestamp),
    }


def sign(secret: str, *, content_type: str, host: str, body: bytes, timestamp: int) -> str:
    """Return the signature in lower-case hex; ``secret`` itself is the HMAC key."""
    canonical = canonical_request(content_type=content_type, host=host, body=body)
    to_sign = f"{METHOD}\n{timestamp}\n{_sha256(canonical.encode())}"
    return hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()


def canonical_request(*, content_type: str, host: str, body: bytes) -> str:
    """Return what is signed of a request: the path is always ``/`` and the query string empty."""
    headers = f"content-type:{content_type}\nhost:{host}\n"
    return f"POST\n/\n\n{headers}\n{SIGNED_HEADERS}\n{_sha256(body)}"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
