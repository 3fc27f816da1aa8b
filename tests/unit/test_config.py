"""Credentials and other settings: their sources, the order of these, and what is refused."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from zec_pulumi.api import AccessKey, BearerToken, ConfigurationError, MissingCredentialsError
from zec_pulumi.settings.config import Settings, resolve

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "very-secret-value"
STACK = {"zenlayercloud:accessKeyId": "stack-id", "zenlayercloud:accessKeyPassword": SECRET}
TERRAFORM = {"ZENLAYERCLOUD_ACCESS_KEY_ID": "tf-id", "ZENLAYERCLOUD_ACCESS_KEY_PASSWORD": SECRET}
CLI = {"ZENLAYER_ACCESS_KEY_ID": "cli-id", "ZENLAYER_ACCESS_KEY_SECRET": SECRET}
PROFILE = {"default": {"access_key_id": "file-id", "access_key_secret": SECRET}}


def write(home: Path, name: str, content: Any, mode: int = 0o600) -> Path:
    path = home / ".zenlayer" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    path.chmod(mode)
    return path


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


@pytest.mark.parametrize(
    ("stack", "environ", "expected", "origin"),
    [
        (
            STACK,
            {**TERRAFORM, **CLI},
            "stack-id",
            "zenlayercloud:accessKeyId and zenlayercloud:accessKeyPassword",
        ),
        (
            {},
            {**TERRAFORM, **CLI},
            "tf-id",
            "ZENLAYERCLOUD_ACCESS_KEY_ID and ZENLAYERCLOUD_ACCESS_KEY_PASSWORD",
        ),
        ({}, CLI, "cli-id", "ZENLAYER_ACCESS_KEY_ID and ZENLAYER_ACCESS_KEY_SECRET"),
    ],
)
def test_the_first_source_with_credentials_wins(
    tmp_path: Path, stack: dict[str, str], environ: dict[str, str], expected: str, origin: str
) -> None:
    write(tmp_path, "credentials.json", PROFILE)

    settings = resolve(stack, environ, tmp_path)

    assert settings.credentials == AccessKey(expected, SECRET)
    assert settings.origins["credentials"] == origin


def test_the_cli_s_file_comes_last(tmp_path: Path) -> None:
    path = write(tmp_path, "credentials.json", PROFILE)

    settings = resolve({}, {}, tmp_path)

    assert settings.credentials == AccessKey("file-id", SECRET)
    assert settings.origins["credentials"] == (f"access_key_id and access_key_secret in profile default of {path}")
    assert settings.warnings == ()


@pytest.mark.parametrize(
    ("stack", "environ", "origin"),
    [
        ({"zec:token": "t"}, TERRAFORM, "zec:token"),
        ({}, {"ZENLAYER_TOKEN": "t"}, "ZENLAYER_TOKEN"),
        ({}, {"ZENLAYER_TOKEN": "t", **CLI}, "ZENLAYER_TOKEN"),
        ({}, {"ZENLAYER_TOKEN": "t", "ZENLAYER_ACCESS_KEY_ID": "half"}, "ZENLAYER_TOKEN"),
    ],
)
def test_a_token_is_a_whole_credential(
    tmp_path: Path, stack: dict[str, str], environ: dict[str, str], origin: str
) -> None:
    settings = resolve(stack, environ, tmp_path)

    assert settings.credentials == BearerToken("t")
    assert settings.origins["credentials"] == origin


def test_a_profile_can_hold_a_token(tmp_path: Path) -> None:
    write(tmp_path, "credentials.json", {"default": {"token": "t"}})

    assert resolve({}, {}, tmp_path).credentials == BearerToken("t")


@pytest.mark.parametrize(
    ("stack", "environ", "missing", "present"),
    [
        (
            {"zenlayercloud:accessKeyId": "a"},
            TERRAFORM,
            "zenlayercloud:accessKeyPassword",
            "zenlayercloud:accessKeyId",
        ),
        (
            {"zenlayercloud:accessKeyPassword": SECRET},
            {},
            "zenlayercloud:accessKeyId",
            "zenlayercloud:accessKeyPassword",
        ),
        (
            {},
            {"ZENLAYERCLOUD_ACCESS_KEY_ID": "a", **CLI},
            "ZENLAYERCLOUD_ACCESS_KEY_PASSWORD",
            "ZENLAYERCLOUD_ACCESS_KEY_ID",
        ),
        ({}, {"ZENLAYER_ACCESS_KEY_SECRET": SECRET}, "ZENLAYER_ACCESS_KEY_ID", "ZENLAYER_ACCESS_KEY_SECRET"),
        (
            {},
            {"ZENLAYERCLOUD_ACCESS_KEY_ID": "a", "ZENLAYERCLOUD_ACCESS_KEY_PASSWORD": "  "},
            "ZENLAYERCLOUD_ACCESS_KEY_PASSWORD",
            "ZENLAYERCLOUD_ACCESS_KEY_ID",
        ),
    ],
)
def test_half_a_key_pair_is_never_completed_from_elsewhere(
    tmp_path: Path, stack: dict[str, str], environ: dict[str, str], missing: str, present: str
) -> None:
    write(tmp_path, "credentials.json", PROFILE)

    assert refused(stack, environ, tmp_path) == f"{missing} is not set, but {present} is: set both or neither"


def test_half_a_key_pair_in_a_profile_names_the_profile(tmp_path: Path) -> None:
    path = write(tmp_path, "credentials.json", {"work": {"access_key_id": "a"}})

    text = refused({}, {"ZENLAYER_PROFILE": "work"}, tmp_path)

    assert text.startswith(f"access_key_secret in profile work of {path} is not set, but access_key_id")


def test_token_and_key_in_stack_config_are_refused(tmp_path: Path) -> None:
    text = refused({**STACK, "zec:token": SECRET}, {}, tmp_path)

    assert text == "zec:token and zenlayercloud:accessKeyId are both set: remove one of them"


def test_without_credentials_every_way_to_set_them_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingCredentialsError) as caught:
        resolve({}, {}, tmp_path)

    for name in [
        *STACK,
        *TERRAFORM,
        *CLI,
        "ZENLAYER_TOKEN",
        "zec:token",
        "ZENLAYER_PROFILE",
        "credentials.json",
    ]:
        assert name in str(caught.value)


@pytest.mark.parametrize("content", [{}, {"other": {"token": "t"}}, {"default": {}}, {"default": "text"}])
def test_a_file_without_the_default_profile_is_no_source(tmp_path: Path, content: Any) -> None:
    write(tmp_path, "credentials.json", content)

    with pytest.raises(MissingCredentialsError):
        resolve({}, {}, tmp_path)


def test_the_profile_is_the_one_asked_for(tmp_path: Path) -> None:
    write(tmp_path, "credentials.json", {**PROFILE, "work": {"access_key_id": "w", "access_key_secret": SECRET}})
    write(tmp_path, "config.json", {"current_profile": "default"})

    assert key_id(resolve({}, {"ZENLAYER_PROFILE": "work"}, tmp_path)) == "w"


def test_the_cli_s_current_profile_is_used(tmp_path: Path) -> None:
    write(tmp_path, "credentials.json", {**PROFILE, "work": {"access_key_id": "w", "access_key_secret": SECRET}})
    write(tmp_path, "config.json", {"current_profile": "work"})

    assert key_id(resolve({}, {}, tmp_path)) == "w"


def test_a_profile_that_is_asked_for_must_exist(tmp_path: Path) -> None:
    write(tmp_path, "credentials.json", PROFILE)

    assert "ZENLAYER_PROFILE" in refused({}, {"ZENLAYER_PROFILE": "work"}, tmp_path)


@pytest.mark.parametrize("content", [f'{{"default": {SECRET}', "[]", "null", "[" * 200_000])
def test_a_malformed_file_is_named_and_not_quoted(tmp_path: Path, content: str) -> None:
    path = write(tmp_path, "credentials.json", content)

    assert refused({}, {}, tmp_path) == f"{path} cannot be read as a JSON object"


@pytest.mark.skipif(os.name != "posix", reason="file modes")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_file_that_others_can_read_is_a_warning(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path, "credentials.json", PROFILE, mode)

    assert resolve({}, {}, tmp_path).warnings == (
        (f"{path} holds credentials and can be read by other users", f"run `chmod 600 {path}`"),
    )
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_file_is_not_looked_at_when_it_is_not_needed(tmp_path: Path) -> None:
    write(tmp_path, "credentials.json", "malformed")

    assert key_id(resolve({}, TERRAFORM, tmp_path)) == "tf-id"


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
