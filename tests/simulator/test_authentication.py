"""What makes a request authentic, and what is refused before an action is looked at."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING, Any

import pytest

from zec_pulumi.simulator.authentication import authenticate
from zec_pulumi.simulator.envelope import RefusedError
from zec_pulumi.simulator.world import default_world, load_seed

if TYPE_CHECKING:
    from collections.abc import Callable

Sign = dict[str, str]


def signed(sim: Any, body: bytes, *, at: float | None = None, content_type: str = "application/json") -> Sign:
    """Sign as the documentation describes it, independently of client and simulator."""
    stamp = str(int(time.time() if at is None else at))
    digest = hashlib.sha256(body).hexdigest()
    canonical = f"POST\n/\n\ncontent-type:{content_type}\nhost:{sim.host}\n\ncontent-type;host\n{digest}"
    to_sign = f"ZC2-HMAC-SHA256\n{stamp}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(sim.access_key_password.encode(), to_sign.encode(), "sha256").hexdigest()
    return {
        "Content-Type": content_type,
        "X-ZC-Signature-Method": "ZC2-HMAC-SHA256",
        "X-ZC-Timestamp": stamp,
        "Authorization": f"ZC2-HMAC-SHA256 Credential={sim.access_key_id}, "
        f"SignedHeaders=content-type;host, Signature={signature}",
    }


def verdict(answer: Any) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


def test_published_vector_is_authentic() -> None:
    """The documentation's own example, byte for byte."""
    document = default_world()
    document["credentials"] = [{"accessKeyId": "0D9UtpyKYcHxms5v", "accessKeyPassword": "Gu5t9xGARNpq86cd98joQYCN3"}]
    headers = {
        "host": "console.zenlayer.com",
        "content-type": "application/json; charset=utf-8",
        "x-zc-timestamp": "1673361177",
        "x-zc-signature-method": "ZC2-HMAC-SHA256",
        "authorization": "ZC2-HMAC-SHA256 Credential=0D9UtpyKYcHxms5v, SignedHeaders=content-type;host, "
        "Signature=efb356c32e55c781e10dc676da59462c22596d82e91c57803666243379555b2f",
    }
    body = b'{"pageSize":10,"pageNum":1,"zoneId":"HKG-A"}'

    authenticate(headers, body, seed=load_seed(document), wall=1673361177.0)
    with pytest.raises(RefusedError, match="does not match"):
        authenticate(headers, body + b" ", seed=load_seed(document), wall=1673361177.0)


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8"])
def test_signature_over_the_exact_bytes(sim: Any, api: Any, content_type: str) -> None:
    """Spaces count, whatever the JSON means; the content type is signed as it is sent."""
    body = b'{ "pageSize" :1}'
    headers = signed(sim, body, content_type=content_type)

    assert verdict(api.post("DescribeInstances", body, headers=headers)) == (200, None)
    assert verdict(api.post("DescribeInstances", b'{"pageSize":1}', headers=headers)) == (
        401,
        "AUTHFAILURE_SIGNATURE_FAILURE",
    )


@pytest.mark.parametrize(("offset", "status"), [(-290, 200), (290, 200), (-310, 401), (310, 401)])
def test_five_minutes_of_skew(sim: Any, api: Any, offset: int, status: int) -> None:
    """A timestamp may be five minutes off either way."""
    answer = api.post("DescribeTimeZones", b"{}", headers=signed(sim, b"{}", at=time.time() + offset))

    assert verdict(answer) == (status, None if status == 200 else "AUTHFAILURE_SIGNATURE_EXPIRED")


def test_advanced_clock_expires_no_signature(sim: Any, api: Any) -> None:
    """Simulated time may be anything: signatures are judged by real time."""
    sim.advance(1_000_000)

    assert verdict(api.post("DescribeTimeZones", b"{}", headers=signed(sim, b"{}"))) == (200, None)


def test_skew_can_be_shifted(sim: Any, api: Any) -> None:
    """An administrator can make this cloud's wall clock wrong."""
    api.session.post(f"{sim.url}/_simulator/clock", json={"skew": 400}, timeout=10).raise_for_status()

    assert verdict(api.post("DescribeTimeZones", b"{}", headers=signed(sim, b"{}"))) == (
        401,
        "AUTHFAILURE_SIGNATURE_EXPIRED",
    )


@pytest.mark.parametrize(
    "spoil",
    [
        lambda headers: headers.update({"Authorization": "Bearer wrong"}),
        lambda headers: headers.update({"Authorization": "Basic x"}),
        lambda headers: headers.update({"X-ZC-Signature-Method": "other"}),
        lambda headers: headers.update({"X-ZC-Timestamp": "now"}),
        lambda headers: headers.update(
            {"Authorization": headers["Authorization"].replace("simulator-access-key-id", "another")}
        ),
        lambda headers: headers.update(
            {"Authorization": headers["Authorization"].replace("content-type;host", "host")}
        ),
    ],
)
def test_malformed_authorization_is_refused(sim: Any, api: Any, spoil: Callable[[Sign], None]) -> None:
    """An unknown token, scheme, key, method or timestamp never reaches an action."""
    headers = signed(sim, b"{}")
    spoil(headers)

    assert verdict(api.post("DescribeTimeZones", b"{}", headers=headers)) == (
        401,
        "AUTHFAILURE_INVALID_AUTHORIZATION",
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"method": "GET"}, (405, "INVALID_PARAMETER_VALUE")),
        ({"headers": {"Content-Type": "text/plain"}}, (400, "INVALID_PARAMETER_VALUE")),
        ({"action": ""}, (400, "MISSING_PARAMETER")),
        ({"action": "DescribeEverything"}, (403, "AUTHFAILURE_UNAUTHORIZED_OPERATION")),
        ({"version": "2023-01-01"}, (403, "AUTHFAILURE_UNAUTHORIZED_OPERATION")),
        ({"service": "ccs"}, (403, "AUTHFAILURE_UNAUTHORIZED_OPERATION")),
        ({"body": b"["}, (400, "INVALID_PARAMETER_TYPE")),
        ({"body": b"[]"}, (400, "INVALID_PARAMETER_TYPE")),
    ],
)
def test_transport_is_checked(api: Any, change: dict[str, Any], expected: tuple[int, str]) -> None:
    """Method, content type, action, version, service and a JSON object as the body."""
    assert verdict(api.post(**{"action": "DescribeTimeZones", **change})) == expected


def test_older_version_refuses_newer_fields(api: Any) -> None:
    """2024-04-01 has no userData."""
    body = {"instanceId": "1272168087751233114", "keyId": "key-YWD2QFOl", "userData": "aGk="}

    assert verdict(api.post("ResetInstance", body, version="2024-04-01")) == (400, "INVALID_PARAMETER_VALUE")


def test_every_answer_has_a_request_id_of_its_own(api: Any) -> None:
    """``T`` and an upper-case UUID, the same inside and outside."""
    first, second = (api.post("DescribeTimeZones").json() for _ in range(2))

    assert first["requestId"] == first["response"]["requestId"] != second["requestId"]
    assert first["requestId"].startswith("T")
    assert first["requestId"] == first["requestId"].upper()
