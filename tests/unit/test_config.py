"""Settings other than credentials: sources, their order, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from zec_pulumi.api import AccessKey, ConfigurationError
from zec_pulumi.settings.config import Settings, resolve

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "very-secret-value"
STACK = {"zenlayercloud:accessKeyId": "stack-id", "zenlayercloud:accessKeyPassword": SECRET}
TERRAFORM = {"ZENLAYERCLOUD_ACCESS_KEY_ID": "tf-id", "ZENLAYERCLOUD_ACCESS_KEY_PASSWORD": SECRET}


def key_id(settings: Settings) -> str:
    assert isinstance(settings.credentials, AccessKey)
    return settings.credentials.access_key_id


def refused(stack: dict[str, str], environ: dict[str, str], home: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        resolve(stack, environ, home)
    text = str(caught.value)
    assert SECRET not in text
    assert caught.value.__cause__ is caught.value.__context__ is None
    return text


def test_defaults_are_https_to_the_console(tmp_path: Path) -> None:
    settings = resolve({}, TERRAFORM, tmp_path)

    assert settings.endpoint.base_url == "https://console.zenlayer.com"
    assert (settings.timeouts.connect, settings.timeouts.read) == (10.0, 30.0)
    assert settings.options.poll_interval == 5.0
    names = ("domain", "scheme", "clientTimeout", "pollInterval")
    assert [settings.origins[name] for name in names] == ["default"] * 4


@pytest.mark.parametrize(
    ("stack", "environ", "domain", "origin"),
    [
        (
            {"zenlayercloud:domain": "a.example"},
            {"ZENLAYERCLOUD_DOMAIN": "b.example", "ZENLAYER_ENDPOINT": "c.example"},
            "a.example",
            "zenlayercloud:domain",
        ),
        (
            {},
            {"ZENLAYERCLOUD_DOMAIN": "b.example", "ZENLAYER_ENDPOINT": "c.example"},
            "b.example",
            "ZENLAYERCLOUD_DOMAIN",
        ),
        ({}, {"ZENLAYER_ENDPOINT": "c.example"}, "c.example", "ZENLAYER_ENDPOINT"),
    ],
)
def test_the_domain_has_an_order_of_its_own(
    tmp_path: Path, stack: dict[str, str], environ: dict[str, str], domain: str, origin: str
) -> None:
    settings = resolve(stack, {**TERRAFORM, **environ}, tmp_path)

    assert (settings.endpoint.domain, settings.origins["domain"]) == (domain, origin)


@pytest.mark.parametrize("text", ["HTTP", "http", "Http"])
def test_plain_http_in_any_spelling_is_for_loopback(tmp_path: Path, text: str) -> None:
    environ = {**TERRAFORM, "ZENLAYERCLOUD_SCHEME": text}

    settings = resolve({"zenlayercloud:domain": "127.0.0.1:8080"}, environ, tmp_path)

    assert settings.endpoint.base_url == "http://127.0.0.1:8080"
    assert "plain http is refused" in refused({}, environ, tmp_path)


@pytest.mark.parametrize("text", ["30", " 30.0 "])
def test_the_client_time_out_limits_the_wait_for_an_answer(tmp_path: Path, text: str) -> None:
    stack = {"zenlayercloud:clientTimeout": text}

    settings = resolve(stack, {**TERRAFORM, "ZENLAYERCLOUD_CLIENT_TIMEOUT": "99"}, tmp_path)

    assert settings.timeouts.read == 30.0
    assert settings.origins["clientTimeout"] == "zenlayercloud:clientTimeout"


@pytest.mark.parametrize(("text", "seconds"), [("0.5", 0.5), ("600", 600.0), ("1e1", 10.0)])
def test_the_poll_interval_is_read(tmp_path: Path, text: str, seconds: float) -> None:
    settings = resolve({"zec:pollInterval": text}, TERRAFORM, tmp_path)

    assert (settings.options.poll_interval, settings.origins["pollInterval"]) == (seconds, "zec:pollInterval")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *[("zec:pollInterval", value) for value in ["0", "-1", "600.1", "nan", "inf", "5s", SECRET]],
        *[("zenlayercloud:clientTimeout", value) for value in ["0", "-1", "3601", "nan", SECRET]],
        *[("zenlayercloud:scheme", value) for value in ["ftp", "https://", SECRET]],
        *[("zenlayercloud:domain", value) for value in ["https://h", "h/path", f"user:{SECRET}@h"]],
    ],
)
def test_a_wrong_value_names_its_key_and_is_not_quoted(tmp_path: Path, key: str, value: str) -> None:
    assert key in refused({key: value}, TERRAFORM, tmp_path)


def test_settings_do_not_show_the_secret(tmp_path: Path) -> None:
    assert SECRET not in repr(resolve(STACK, {}, tmp_path))


def test_only_the_terraform_provider_s_own_keys_are_read_under_its_namespace(tmp_path: Path) -> None:
    """A bridged provider refuses keys that it does not know, so ours stand elsewhere."""
    asked: set[str] = set()

    class Stack(dict[str, str]):
        def get(self, key: str, _default: object = None) -> None:  # type: ignore[override]
            asked.add(key)

    environ = {"ZENLAYERCLOUD_ACCESS_KEY_ID": "id", "ZENLAYERCLOUD_ACCESS_KEY_PASSWORD": "password"}
    resolve(Stack(), environ, tmp_path)
    names = {"accessKeyId", "accessKeyPassword", "domain", "scheme", "clientTimeout"}
    assert {key for key in asked if not key.startswith("zec:")} == {f"zenlayercloud:{name}" for name in names}
