"""What a health gate is: the description that a program gives and the stack's state holds. Nothing is probed here."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypedDict

from zec_pulumi.health.checks import AddressKind, ProbeKind, findings
from zec_pulumi.text import text_finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import Unpack

COMMAND_TIMEOUT = 60.0
"""Seconds that a command may run when the program does not say."""


@dataclass(frozen=True)
class HealthGate:
    """A health gate, as :func:`tcp`, :func:`http`, :func:`ssh` and :func:`command` make it.

    ``interval`` (between two probes), ``timeout`` (of one probe) and ``deadline`` (of the gate; that of the operation,
    ``custom_timeouts``, may end it earlier) are in seconds; ``successes`` is how many probes in a row must succeed.
    ``address`` is which of the instance's addresses, the first one, is probed from the machine that runs ``pulumi up``.
    ``port``, ``path``, ``status``, ``tls``, ``command`` and ``env`` are given for the kinds that have them, and None
    for the others.

    Raises:
        ValueError: it describes nothing that could be probed; the text names the field.
    """

    kind: ProbeKind
    port: int | None = None
    path: str | None = None
    status: int | None = None
    tls: bool | None = None
    command: tuple[str, ...] | None = None
    address: AddressKind = "public"
    interval: float = 5.0
    successes: int = 2
    timeout: float = 5.0
    deadline: float = 300.0
    env: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        finding = next(findings(self), None)
        if finding:
            raise _refusal(finding)

    @classmethod
    def parse(cls, properties: Mapping[str, Any]) -> HealthGate:
        """Return the health gate that :meth:`properties` has written, whole numbers as floats or not.

        Raises:
            ValueError: it is none; the text names the field.
        """
        known = {field.name for field in fields(cls)}
        strange = sorted(set(properties) - known)
        if strange:
            raise _refusal(f"{strange[0]}: a health gate has no such field")
        given = {key: _whole(value) for key, value in properties.items() if value is not None}
        for name in ("command", "env"):
            given[name] = _arguments(given[name]) if name in given else None
        return cls(**{"kind": None, **given})

    def properties(self) -> dict[str, Any]:
        """Return the health gate as plain JSON: the form in the stack's state."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        texts = {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
        return {key: value for key, value in texts.items() if value is not None}


class ProbeOptions(TypedDict, total=False):
    """Which address is probed, how often and for how long: the fields of the same names of :class:`HealthGate`."""

    address: AddressKind
    interval: float
    successes: int
    timeout: float
    deadline: float


def tcp(port: int, **options: Unpack[ProbeOptions]) -> HealthGate:
    """Return the health gate that passes when ``port`` accepts TCP connections.

    Args:
        port: 1 to 65535.
        options: ``address``, ``interval``, ``successes``, ``timeout`` and ``deadline``, see :class:`HealthGate`.

    Raises:
        ValueError: a value is none that could be probed.
    """
    return HealthGate("tcp", port=port, **options)


def http(
    path: str, *, status: int = 200, port: int | None = None, tls: bool = False, **options: Unpack[ProbeOptions]
) -> HealthGate:
    """Return the health gate that passes when a GET of ``path`` is answered with ``status``.

    The request goes to the instance's address, which is also its Host. No redirect is followed, no proxy used, and
    the body is not read. With ``tls`` the certificate is **not verified**: no name is asked for that it could prove.

    Args:
        path: Begins with ``/``, may hold a query; printable ASCII without spaces.
        status: The final status that counts as healthy, 200 to 599.
        port: 1 to 65535; omitted: 80, with ``tls`` 443.
        tls: Whether to speak HTTPS.
        options: As for :func:`tcp`.

    Raises:
        ValueError: a value is none that could be probed.
    """
    number = (443 if tls else 80) if port is None else port
    return HealthGate("http", port=number, path=path, status=status, tls=tls, **options)


def ssh(port: int = 22, **options: Unpack[ProbeOptions]) -> HealthGate:
    """Return the health gate that passes when ``port`` greets with an SSH banner, ``SSH-2.0-…``; nobody logs in.

    Args:
        port: 1 to 65535.
        options: As for :func:`tcp`.

    Raises:
        ValueError: a value is none that could be probed.
    """
    return HealthGate("ssh", port=port, **options)


def command(arguments: Sequence[str], *, env: Sequence[str] = (), **options: Unpack[ProbeOptions]) -> HealthGate:
    """Return the health gate that passes when a command of yours ends with exit status 0.

    It runs on the machine that runs ``pulumi up``, in the program's folder, without a shell. Its environment has
    ``ZEC_INSTANCE_ID``, ``ZEC_PUBLIC_IP_ADDRESSES`` and ``ZEC_PRIVATE_IP_ADDRESSES`` (comma separated) and
    ``ZEC_ADDRESS``, a few variables such as ``PATH`` and ``HOME``, and those that ``env`` names. The arguments stand in
    the stack's state.

    Args:
        arguments: The program and its arguments.
        env: Names of variables that it gets as well. Their values come from the environment of ``pulumi up`` and stand
            nowhere else.
        options: As for :func:`tcp`, but that ``timeout`` is 60 seconds when omitted; then the command is killed
            with all processes of its group. ``address`` decides what ``ZEC_ADDRESS`` is; it is empty without one.

    Raises:
        ValueError: a value is none that could be run.
    """
    options.setdefault("timeout", COMMAND_TIMEOUT)
    gate = HealthGate("command", command=_arguments(arguments), env=_arguments(env) or None, **options)
    # Not a rule of the gate itself: what an older release recorded can still be read.
    finding = next(filter(None, map(text_finding, gate.command or ())), None)
    if finding:
        raise _refusal(f"command: {finding}")
    return gate


def _refusal(text: str) -> ValueError:
    """Return an error that ends a Pulumi program with ``text`` alone, and is an ordinary one where Pulumi is not."""
    run_error = getattr(sys.modules.get("pulumi"), "RunError", None)
    if run_error is None:
        return ValueError(text)
    error: ValueError = type("HealthGateError", (run_error, ValueError), {})(text)
    return error


def _whole(value: Any) -> Any:
    """Return a float that is whole as an integer: the engine sends every number as a float."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _arguments(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, tuple)) else value
