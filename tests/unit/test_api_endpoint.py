"""Where requests may go, with which limits and credentials."""

from __future__ import annotations

import pytest

from zec_pulumi import api
from zec_pulumi.api import AccessKey, BearerToken, ConfigurationError, Endpoint, Timeouts


def test_the_default_is_the_console_over_https() -> None:
    assert Endpoint().url("zec") == "https://console.zenlayer.com/api/v2/zec"


@pytest.mark.parametrize("domain", ["127.0.0.1:8080", "127.9.9.9", "localhost:1", "LOCALHOST", "[::1]:8080"])
def test_plain_http_is_fine_on_this_machine(domain: str) -> None:
    assert Endpoint(domain, "http").url("ccs") == f"http://{domain}/api/v2/ccs"


@pytest.mark.parametrize(
    "domain",
    [
        "console.zenlayer.com",
        "10.0.0.1",
        "localhost.example.com",
        "127.0.0.1.example.com",
        "0.0.0.0:80",
        "[::]:1",
    ],
)
def test_plain_http_is_refused_elsewhere(domain: str) -> None:
    with pytest.raises(ConfigurationError, match="plain http is refused"):
        Endpoint(domain, "http")


@pytest.mark.parametrize(
    "domain",
    [
        "",
        " ",
        ":443",
        "https://console.zenlayer.com",
        "console.zenlayer.com/api",
        "console.zenlayer.com?x",
        "user:pw@console.zenlayer.com",
        "console.zenlayer.com:port",
        "console.zenlayer.com:99999",
        "console.zenlayer.com:0",
        "two words",
        "line\nbreak",
        "back\\slash",
        "m\u00fcnchen.example",
        "[::1",
    ],
)
def test_a_domain_is_a_bare_host_with_or_without_port(domain: str) -> None:
    with pytest.raises(ConfigurationError, match="host or host:port"):
        Endpoint(domain)


def test_another_scheme_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="https or http"):
        Endpoint("h", "ftp")  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_time_limits_are_positive(seconds: float) -> None:
    with pytest.raises(ConfigurationError, match="positive"):
        Timeouts(read=seconds)


def test_white_space_around_credentials_is_dropped() -> None:
    assert AccessKey(" id\n", "\tpassword ") == AccessKey("id", "password")
    assert BearerToken(" token\n") == BearerToken("token")


@pytest.mark.parametrize(("key_id", "password"), [("", "p"), (" ", "p"), ("i", ""), ("i d", "p"), ("\u00efd", "p")])
def test_an_unusable_access_key_is_refused(key_id: str, password: str) -> None:
    with pytest.raises(ConfigurationError, match="access key"):
        AccessKey(key_id, password)


def test_the_public_names_are_sorted_and_exist() -> None:
    assert api.__all__ == sorted(api.__all__)
    assert all(hasattr(api, name) for name in api.__all__)
