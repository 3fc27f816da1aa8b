"""Reasons for a failed connection, in words."""

from __future__ import annotations

import ssl

import pytest
import requests

from zec_pulumi.api import Endpoint, NotSentError, Timeouts, failures

LIMITS = Timeouts(connect=2.0, read=2.0)


@pytest.mark.parametrize(
    ("cause", "words", "permanent"),
    [
        (requests.exceptions.SSLError(ssl.SSLCertVerificationError("x")), "certificate is not trusted", True),
        (requests.exceptions.SSLError(ssl.SSLError("x")), "TLS handshake failed", False),
        (requests.exceptions.ConnectTimeout("x"), "no connection within 2 s", False),
        (requests.exceptions.ConnectionError("x"), "broke before it stood", False),
    ],
)
def test_each_reason_for_no_connection_is_named(
    cause: Exception,
    words: str,
    permanent: bool,  # noqa: FBT001 -- a table's column
) -> None:
    error = failures.describe(cause, action="A", endpoint=Endpoint(), timeouts=LIMITS, not_sent=True)

    assert isinstance(error, NotSentError)
    assert words in str(error)
    assert error.permanent is permanent
