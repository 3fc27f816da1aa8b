"""Signatures: published vectors, and the official SDK as oracle."""

from __future__ import annotations

import json
import random
import time
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from zenlayercloud.common.config import Config
from zenlayercloud.common.credential import Credential
from zenlayercloud.zec.v20250901 import models, zec_client

from zec_pulumi.api import AccessKey, BearerToken
from zec_pulumi.api.signing import authorization_headers, sign

KEY = AccessKey("AKIDEXAMPLE0000000001", "secretEXAMPLEkey/not+real=")
NOW = 1767225600
HOST = "console.zenlayer.com"
JSON = "application/json"
UTF8 = "application/json; charset=utf-8"

RESET = '{"instanceId": "1272168087751233112", "keyId": "key-YWD2QFOl"}'
RESET_COMPACT = '{"instanceId":"1272168087751233112","keyId":"key-YWD2QFOl"}'
RESET_FULL = (
    '{"instanceId": "1272168087751233112", "password": "Example+123", "imageId": "ubuntu2204_20240712", '
    '"timezone": "Asia/Shanghai", "enableAgent": true, "instanceName": "web-01", '
    '"userData": "IyEvYmluL2Jhc2gKZWNobyAiaGVsbG8gemVubGF5ZXIiID4gL3RtcC9pbml0LmxvZwo="}'
)
STATUS = '{"instanceIds": ["1272168087751233112"], "pageSize": 20, "pageNum": 1}'
ESCAPED = r'{"instanceId": "i-1", "enableAgent": false, "userData": "\u00e9\u2713"}'


@pytest.mark.parametrize(
    ("host", "content_type", "body", "signature"),
    [
        pytest.param(
            HOST,
            JSON,
            RESET_FULL,
            "9d89014ff3f69c26c86f5c031a011bc8fdba54a401791362d5b23fa5df761b66",
            id="V1",
        ),
        pytest.param(HOST, JSON, RESET, "859efb459afb6503c5bd13639f3a40c58d028af064cb7b3526f94124a79dbd66", id="V2"),
        pytest.param(
            HOST,
            JSON,
            RESET_COMPACT,
            "b427fdb20b33990f97b7f8954ba4a05517bcc4263ef37f23279a291e1492e39d",
            id="V2b",
        ),
        pytest.param(
            HOST,
            UTF8,
            RESET_COMPACT,
            "8338eef07acb2f83d0c04e3f4b840c05962ddace6cd882a186d40c624f18aec5",
            id="V2c",
        ),
        pytest.param(HOST, JSON, STATUS, "12f1b827de8b9debb2ce8465ca479cb87ea79e2701c31eaaad9d2cba7cadeb5c", id="V3"),
        pytest.param(HOST, JSON, "{}", "078fe7ce8f1d616c41d4f78c0480a99c4b9327a19516e4863dfaf1d3e45e3756", id="V4"),
        pytest.param(
            "127.0.0.1:8080",
            JSON,
            ESCAPED,
            "02a59da2f30352268d42ef875c2f3013795bb6495a8a2a72535cf8cdf04e06c5",
            id="V5",
        ),
    ],
)
def test_a_request_gets_the_signature_of_the_official_sdk(
    host: str, content_type: str, body: str, signature: str
) -> None:
    signed = sign(KEY.access_key_password, content_type=content_type, host=host, body=body.encode(), timestamp=NOW)

    assert signed == signature


def test_the_documentation_s_own_example_is_reproduced() -> None:
    signed = sign(
        "Gu5t9xGARNpq86cd98joQYCN3",
        content_type=UTF8,
        host=HOST,
        body=b'{"pageSize":10,"pageNum":1,"zoneId":"HKG-A"}',
        timestamp=1673361177,
    )

    assert signed == "efb356c32e55c781e10dc676da59462c22596d82e91c57803666243379555b2f"


def test_an_access_key_sends_time_and_method_with_its_signature() -> None:
    headers = authorization_headers(KEY, content_type=JSON, host=HOST, body=RESET.encode(), timestamp=NOW)

    assert headers == {
        "Authorization": (
            "ZC2-HMAC-SHA256 Credential=AKIDEXAMPLE0000000001, SignedHeaders=content-type;host, "
            "Signature=859efb459afb6503c5bd13639f3a40c58d028af064cb7b3526f94124a79dbd66"
        ),
        "x-zc-signature-method": "ZC2-HMAC-SHA256",
        "x-zc-timestamp": "1767225600",
    }


def test_a_token_sends_nothing_but_itself() -> None:
    headers = authorization_headers(BearerToken(" token-1 "), content_type=JSON, host=HOST, body=b"{}", timestamp=NOW)

    assert headers == {"Authorization": "Bearer token-1"}


def test_200_random_requests_are_signed_as_the_official_sdk_signs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = random.Random(20250901)  # noqa: S311 -- the same requests in every run
    captured: list[dict[str, Any]] = []

    def capture(method: str, url: str, **kwargs: Any) -> SimpleNamespace:
        captured.append({"method": method, "url": url, **kwargs})
        answer = {"requestId": "T1", "response": {"requestId": "T1"}}
        return SimpleNamespace(
            status_code=200,
            headers={},
            text=json.dumps(answer),
            content=json.dumps(answer).encode(),
            json=lambda: answer,
        )

    monkeypatch.setattr(requests, "request", capture)
    for number in range(200):
        now = chance.randrange(1_600_000_000, 2_000_000_000)
        monkeypatch.setattr(time, "time", lambda now=now: float(now))
        key = AccessKey(_text(chance, ascii_only=True), _text(chance))
        host = chance.choice([HOST, "127.0.0.1:8080", f"host-{number}.example:8443"])
        client = zec_client.ZecClient(Credential(key.access_key_id, key.access_key_password), Config(domain=host))
        client.ResetInstance(_request(chance))
        sent = captured[-1]
        headers = {name.lower(): value for name, value in sent["headers"].items()}
        body = sent["data"]

        ours = authorization_headers(
            key,
            content_type=headers["content-type"],
            host=host,
            body=body.encode() if isinstance(body, str) else body,
            timestamp=now,
        )

        assert {name.lower(): value for name, value in ours.items()}.items() <= headers.items()
    assert len(captured) == 200


def _text(chance: random.Random, *, ascii_only: bool = False) -> str:
    alphabet = "abcXYZ0123456789/+=._-" if ascii_only else 'abcXYZ0123456789/+="\\\u00e9\u2713\U0001f511'
    return "".join(chance.choices(alphabet, k=chance.randint(1, 40)))


def _request(chance: random.Random) -> Any:
    request = models.ResetInstanceRequest()
    for name in ("instanceId", "imageId", "keyId", "timezone", "instanceName", "userData"):
        if chance.random() < 0.7:
            setattr(request, name, _text(chance))
    request.enableAgent = chance.choice([True, False])
    return request
