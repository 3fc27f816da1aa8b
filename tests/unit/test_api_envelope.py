"""Answers of the API, of the network in front of it, and of something else altogether."""

from __future__ import annotations

import json
from typing import Any

import pytest

from zec_pulumi import api
from zec_pulumi.api import Endpoint
from zec_pulumi.api.envelope import Result, parse
from zec_pulumi.api.exchange import HttpResponse

NOW = 1767225600.0
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"  # NOW


def understand(status: int, body: bytes | dict[str, Any], *, secrets: tuple[str, ...] = (), **headers: str) -> Result:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return parse(
        HttpResponse(status, names, raw), action="ResetInstance", endpoint=Endpoint(), now=NOW, secrets=secrets
    )


def refusal(code: str, message: str = "text of the API") -> dict[str, Any]:
    return {"requestId": "T-1", "code": code, "message": message}


@pytest.mark.parametrize(
    ("header", "date", "seconds"),
    [
        ("7", DATE, 7.0),
        ("0", DATE, 0.0),
        ("Thu, 01 Jan 2026 00:00:30 GMT", DATE, 30.0),
        ("Wed, 31 Dec 2025 23:00:00 GMT", DATE, 0.0),
        ("Thu, 01 Jan 2026 00:00:30 GMT", "", None),
        ("-3", DATE, None),
        ("soon", DATE, None),
        ("\u0663", DATE, None),
        ("", DATE, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(header: str, date: str, seconds: float | None) -> None:
    with pytest.raises(api.RateLimitError) as caught:
        understand(429, refusal("REQUEST_LIMIT_EXCEEDED"), retry_after=header, date=date)

    assert caught.value.retry_after == seconds


def test_a_rate_limit_without_json_is_a_rate_limit() -> None:
    with pytest.raises(api.RateLimitError) as caught:
        understand(429, b"<html>slow down</html>", retry_after="3")

    assert caught.value.retry_after == 3.0


@pytest.mark.parametrize(
    ("status", "headers", "code"),
    [
        (403, {"cf_mitigated": "challenge"}, "SECURITY_CHALLENGE"),
        (403, {"cf_mitigated": "Challenge"}, "SECURITY_CHALLENGE"),
        (451, {}, "REQUEST_BLOCKED"),
    ],
)
def test_a_block_by_the_network_is_named_and_carries_nothing_out(
    status: int, headers: dict[str, Any], code: str
) -> None:
    with pytest.raises(api.BlockedError) as caught:
        understand(status, b"<html>Just a moment</html>", **headers)

    assert caught.value.code == code
    assert not caught.value.may_have_been_carried_out


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"<html>"),
        (200, b'{"requestId": "T1", "resp'),
        (200, b'{"requestId": "T1", "response": null}'),
        (200, b'{"requestId": "T1"}'),
        (200, b"[]"),
        (200, b"[" * 200_000),
        (200, b"\xff\xfe"),
        (201, b'{"requestId": "T1", "response": {}}'),
        (204, b""),
        (400, b'{"status": 400, "error": "Bad Request"}'),
        (403, b"<html>"),
        (404, b"not found"),
        (500, b'{"code": "", "message": "x"}'),
        (500, b'{"code": 5, "message": "x"}'),
        (502, b"<html>Bad Gateway</html>"),
    ],
)
def test_an_answer_that_is_not_the_api_s_leaves_the_outcome_open(status: int, body: bytes) -> None:
    with pytest.raises(api.AnswerLostError) as caught:
        understand(status, body)

    assert caught.value.may_have_been_carried_out
    assert caught.value.http_status == status
    assert f"HTTP {status}" in str(caught.value)
    assert "https://console.zenlayer.com" in str(caught.value)


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("https://login.example/x?y=z", "login.example"),
        ("/elsewhere", "another path of the same host"),
        ("http://[", "an unreadable address"),
    ],
)
def test_a_redirect_is_refused_and_names_only_the_host(location: str, name: str) -> None:
    with pytest.raises(api.AnswerLostError) as caught:
        understand(302, b"", location=location)

    assert f"pointing to {name}; redirects are not followed" in str(caught.value)
    assert "y=z" not in str(caught.value)


def test_the_request_id_is_taken_from_either_place() -> None:
    inner = understand(200, {"requestId": "T-outer", "response": {"requestId": "T-inner"}})
    outer = understand(200, {"requestId": "T-outer", "response": {}})

    assert (inner.request_id, outer.request_id) == ("T-inner", "T-outer")
