"""Who sent a request: signatures (ZC2-HMAC-SHA256) and bearer tokens.

Source: API introduction, "Signature", and the credentials of the official clients. Written from the
description, not from a client, so that the simulator checks clients independently.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from zec_pulumi.simulator.envelope import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zec_pulumi.simulator.world import Seed

METHOD = "ZC2-HMAC-SHA256"
MAX_SKEW_SECONDS = 300
_SIGNATURE = re.compile(
    METHOD
    + r" Credential=(?P<key>[^,\s]+), ?SignedHeaders=(?P<headers>[a-z0-9;-]+)"
    + r", ?Signature=(?P<hex>[0-9a-f]{64})"
)


def authenticate(headers: Mapping[str, str], body: bytes, *, seed: Seed, wall: float) -> None:
    """Accept the request or say why not.

    Args:
        headers: Request headers, names in lower case, values exactly as they were sent.
        body: The exact bytes of the request body.
        seed: Where the accepted credentials stand.
        wall: The time that signatures are checked with, seconds since the Unix epoch.

    Raises:
        RefusedError: AUTHFAILURE_INVALID_AUTHORIZATION, AUTHFAILURE_SIGNATURE_EXPIRED or
            AUTHFAILURE_SIGNATURE_FAILURE, all with HTTP 401.
    """
    authorization = headers.get("authorization", "")
    if authorization.startswith("Bearer "):
        _check_token(authorization.removeprefix("Bearer "), seed.tokens)
        return
    match = _SIGNATURE.fullmatch(authorization)
    if match is None or headers.get("x-zc-signature-method") != METHOD:
        raise _refused("INVALID_AUTHORIZATION", "The Authorization header is missing or malformed.")
    timestamp = headers.get("x-zc-timestamp", "")
    if not re.fullmatch("[0-9]{1,12}", timestamp):
        raise _refused("INVALID_AUTHORIZATION", "X-ZC-Timestamp must be Unix seconds.")
    if abs(wall - int(timestamp)) > MAX_SKEW_SECONDS:
        raise _refused("SIGNATURE_EXPIRED", "The timestamp is more than 5 minutes off.")
    signed = match["headers"].split(";")
    if not {"content-type", "host"} <= set(signed):
        raise _refused("INVALID_AUTHORIZATION", "content-type and host must be signed.")
    expected = _signature(_secret(match["key"], seed), timestamp, signed, headers, body)
    if not hmac.compare_digest(expected, match["hex"]):
        raise _refused("SIGNATURE_FAILURE", "The signature does not match the request.")


def _check_token(token: str, accepted: list[str]) -> None:
    if not any(hmac.compare_digest(token.encode(), known.encode()) for known in accepted):
        raise _refused("INVALID_AUTHORIZATION", "The token is not valid.")


def _secret(access_key_id: str, seed: Seed) -> str:
    for credential in seed.credentials:
        if credential.access_key_id == access_key_id:
            return credential.access_key_password
    raise _refused("INVALID_AUTHORIZATION", "The access key does not exist.")


def _signature(secret: str, timestamp: str, signed: list[str], headers: Mapping[str, str], body: bytes) -> str:
    canonical_headers = "".join(f"{name}:{headers.get(name, '')}\n" for name in signed)
    # The canonical path is "/" and the query empty, whatever the real address is.
    canonical = f"POST\n/\n\n{canonical_headers}\n{';'.join(signed)}\n{hashlib.sha256(body).hexdigest()}"
    to_sign = f"{METHOD}\n{timestamp}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()


def _refused(kind: str, message: str) -> RefusedError:
    return RefusedError(401, f"AUTHFAILURE_{kind}", message)
