"""The rules for the fields of a health gate."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zec_pulumi.health.description import HealthGate

ProbeKind = Literal["tcp", "http", "ssh", "command"]
AddressKind = Literal["public", "private"]

SHORTEST_INTERVAL = 0.1
"""Seconds between two probes at least; less would be busy waiting."""

_OWN_FIELDS: dict[str, tuple[str, ...]] = {
    "tcp": ("port",),
    "http": ("port", "path", "status", "tls"),
    "ssh": ("port",),
    "command": ("command",),
}
_ALL_OWN = frozenset(name for names in _OWN_FIELDS.values() for name in names)
_MAX_PORT = 65535
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FINAL_STATUSES = range(200, 600)


def findings(gate: HealthGate) -> Iterator[str]:
    """Yield what is wrong with ``gate``, whose fields may hold anything; each text begins with the field's name."""
    if gate.kind not in get_args(ProbeKind):
        yield f"kind: must be one of {', '.join(get_args(ProbeKind))}"
        return
    own = _OWN_FIELDS[gate.kind]
    for name in sorted(_ALL_OWN):
        given = getattr(gate, name) is not None
        if given != (name in own):
            yield f"{name}: {gate.kind} has none" if given else f"{name}: {gate.kind} needs it"
            return
    if gate.port is not None and not (_is_whole(gate.port) and 1 <= gate.port <= _MAX_PORT):
        yield f"port: must be a whole number from 1 to {_MAX_PORT}"
    if gate.path is not None and not _is_path(gate.path):
        yield "path: must begin with / and be printable ASCII without spaces"
    if gate.status is not None and not (_is_whole(gate.status) and gate.status in _FINAL_STATUSES):
        yield "status: must be a final HTTP status, 200 to 599"
    if not _is_flag(gate.tls):
        yield "tls: must be true or false"
    if gate.command is not None:
        yield from _command_findings(gate.command)
    if gate.env is not None:
        yield from _env_findings(gate)
    yield from _time_findings(gate)


def _command_findings(arguments: object) -> Iterator[str]:
    if not isinstance(arguments, tuple) or not all(isinstance(item, str) for item in arguments):
        yield "command: must be a list of strings, the program and its arguments; no shell splits it"
    elif not arguments or not arguments[0]:
        yield "command: must name a program"
    elif any("\0" in item for item in arguments):
        yield "command: holds a NUL character"


def _env_findings(gate: HealthGate) -> Iterator[str]:
    """Yield what is wrong with ``env``; what is no name may be a secret, so it is not quoted."""
    names: object = gate.env
    if gate.kind != "command":
        yield f"env: {gate.kind} has none"
    elif not isinstance(names, tuple) or not all(isinstance(name, str) and _VARIABLE.fullmatch(name) for name in names):
        yield "env: must be a list of names of environment variables, without values"
    elif any(name.startswith("ZEC_") for name in names):
        yield "env: names that begin with ZEC_ belong to the health gate"


def _time_findings(gate: HealthGate) -> Iterator[str]:
    if gate.address not in get_args(AddressKind):
        yield 'address: must be "public" or "private"'
    for name, least in (("interval", SHORTEST_INTERVAL), ("timeout", SHORTEST_INTERVAL), ("deadline", 1.0)):
        value = getattr(gate, name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value < math.inf:
            yield f"{name}: must be a number of seconds, {least:g} or more"
            return
    if not _is_whole(gate.successes) or gate.successes < 1:
        yield "successes: must be a whole number, 1 or more"
    elif (gate.successes - 1) * gate.interval > gate.deadline:
        yield f"deadline: {gate.successes} successes, {gate.interval:g} seconds apart, do not fit in it"


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_flag(value: object) -> bool:
    return value is None or isinstance(value, bool)


def _is_path(value: object) -> bool:
    return isinstance(value, str) and value.startswith("/") and all("!" <= c <= "~" for c in value)
