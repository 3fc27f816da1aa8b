"""What describes a health gate and what does not, in a program and in the stack's state."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from zec_pulumi import health
from zec_pulumi.health import HealthGate
from zec_pulumi.planning.inputs import UNKNOWN, parse_wanted, type_findings

GATES = [
    health.tcp(22),
    health.tcp(65535, address="private", interval=0.1, successes=1, timeout=0.5, deadline=1),
    health.http("/healthz"),
    health.http("/a?b=c", status=503, port=1, tls=True, deadline=3600),
    health.ssh(),
    health.ssh(2222, successes=61),
    health.command(["./check", "--all", "", "a b"]),
    health.command(["./check"], env=["DEPLOY_TOKEN", "_x9"]),
]


def as_the_engine_sends(value: Any) -> Any:
    """Every number a float, as the engine has it."""
    if isinstance(value, dict):
        return {key: as_the_engine_sends(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_the_engine_sends(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.kind)
def test_a_gate_survives_the_engine(gate: HealthGate) -> None:
    """It is plain JSON on the way, with numbers as floats, and is the same afterwards."""
    sent = as_the_engine_sends(json.loads(json.dumps(gate.properties())))
    assert parse_wanted({"health": sent}).health == gate
    assert HealthGate.parse(sent).properties() == gate.properties()


def test_the_defaults() -> None:
    """Every 5 seconds, 2 in a row, 5 seconds for a probe and 60 for a command, 5 minutes in all."""
    assert health.tcp(22).properties() == {
        "kind": "tcp",
        "port": 22,
        "address": "public",
        "interval": 5.0,
        "successes": 2,
        "timeout": 5.0,
        "deadline": 300.0,
    }
    assert health.command(["true"]).timeout == 60.0
    assert (health.http("/").port, health.http("/", tls=True).port, health.ssh().port) == (80, 443, 22)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"kind": "tcp", "port": 0}, "port: must be a whole number from 1 to 65535"),
    ({"kind": "tcp", "port": 65536}, "port: "),
    ({"kind": "tcp", "port": -1}, "port: "),
    ({"kind": "tcp", "port": 22.5}, "port: "),
    ({"kind": "tcp", "port": True}, "port: "),
    ({"kind": "tcp", "port": "22"}, "port: "),
    ({"kind": "tcp"}, "port: tcp needs it"),
    ({"kind": "tcp", "port": 22, "path": "/"}, "path: tcp has none"),
    ({"kind": "ping"}, "kind: must be one of tcp, http, ssh, command"),
    ({}, "kind: "),
    ({"kind": ["tcp"]}, "kind: "),
    ({"kind": "ssh", "port": 22, "retries": 1}, "retries: a health gate has no such field"),
    ({"kind": "command", "command": []}, "command: must name a program"),
    ({"kind": "command", "command": [""]}, "command: must name a program"),
    ({"kind": "command", "command": "rm -rf /"}, "command: must be a list of strings"),
    ({"kind": "command", "command": ["a", 1]}, "command: must be a list of strings"),
    ({"kind": "command", "command": ["a\0b"]}, "command: holds a NUL character"),
    ({"kind": "tcp", "port": 22, "env": ["A"]}, "env: tcp has none"),
    ({"kind": "command", "command": ["a"], "env": "A"}, "env: must be a list of names"),
    ({"kind": "command", "command": ["a"], "env": [1]}, "env: must be a list of names"),
    ({"kind": "command", "command": ["a"], "env": [""]}, "env: must be a list of names"),
    ({"kind": "command", "command": ["a"], "env": ["A=s3cret"]}, "env: must be a list of names"),
    ({"kind": "command", "command": ["a"], "env": ["ZEC_ADDRESS"]}, "env: names that begin with ZEC_"),
]
HTTP = {"kind": "http", "port": 80, "path": "/", "status": 200, "tls": False}
WRONG += [
    ({**HTTP, "path": path}, "path: must begin with /")
    for path in ("", "healthz", "http://x/", "/a b", "/a\r\nHost: b", "/é", 1)
]
WRONG += [({**HTTP, "status": status}, "status: ") for status in (199, 100, 600, 200.5, "200", True)]
WRONG += [({**HTTP, "tls": tls}, "tls: must be true or false") for tls in ("yes", 1, 0.0)]
TCP = {"kind": "tcp", "port": 22}
WRONG += [({**TCP, "address": address}, "address: must be") for address in ("both", 1, ["public"])]
WRONG += [({**TCP, "successes": value}, "successes: ") for value in (0, -1, 1.5, True, "2")]
WRONG += [
    ({**TCP, name: value}, f"{name}: must be a number of seconds")
    for name in ("interval", "timeout", "deadline")
    for value in (-1, 0, 0.05, float("inf"), float("nan"), True, "5")
]
WRONG += [({**TCP, "successes": 62}, "deadline: 62 successes, 5 seconds apart, do not fit in it")]


@pytest.mark.parametrize(("properties", "words"), WRONG, ids=[str(properties) for properties, _ in WRONG])
def test_what_could_not_be_probed_is_refused(properties: dict[str, Any], words: str) -> None:
    """By check, as a finding that names input and field."""
    with pytest.raises(ValidationError) as caught:
        parse_wanted({"health": properties})
    (finding,) = type_findings(caught.value)
    assert finding.startswith(f"health: {words}")


@pytest.mark.parametrize("value", ["tcp", 22.0, True, ["tcp"]])
def test_what_is_no_gate_at_all_is_refused(value: Any) -> None:
    """With a word on what makes one."""
    with pytest.raises(ValidationError) as caught:
        parse_wanted({"health": value})
    assert type_findings(caught.value) == [
        "health: must be what zec_pulumi.health.tcp, http, ssh or command returns",
    ]


@pytest.mark.parametrize(
    "make",
    [
        lambda: health.tcp(0),
        lambda: health.tcp("22"),  # type: ignore[arg-type]
        lambda: health.ssh(port=70000),
        lambda: health.ssh(successes=0),
        lambda: health.http("healthz"),
        lambda: health.http("/", interval=-1),
        lambda: health.http("/", status=0),
        lambda: health.command([]),
        lambda: health.command("./check --all"),
        lambda: health.command(["./check"], address="both"),  # type: ignore[arg-type]
        lambda: health.command(["./check"], env="TOKEN"),
        lambda: health.command(["./check"], env=["TOKEN=s3cret"]),
        lambda: health.tcp(22, path="/"),  # type: ignore[call-arg]
    ],
)
def test_the_functions_refuse_it_too(make: Any) -> None:
    """Where the program stands, before anything is declared."""
    with pytest.raises(ValueError, match=r"^[a-z]+: "):
        make()


def test_a_command_without_names_is_recorded_as_before() -> None:
    """What an older release recorded previews as no change."""
    for gate in (health.command(["./check"]), health.command(["./check"], env=[])):
        assert "env" not in gate.properties()


def test_a_value_in_place_of_a_name_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="without values") as caught:
        health.command(["./check"], env=["TOKEN=s3cret"])
    assert "s3cret" not in str(caught.value)


def test_a_gate_that_is_not_known_yet_is_set_aside() -> None:
    """In a preview, whole or in part."""
    for value in (UNKNOWN, {"kind": "tcp", "port": UNKNOWN}):
        wanted = parse_wanted({"health": value})
        assert (wanted.health, wanted.unknown) == (None, frozenset({"health"}))
