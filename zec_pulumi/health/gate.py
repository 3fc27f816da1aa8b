"""Waits until a rebuilt machine passes its health gate. Only reads: nothing here can change a machine."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING

from zec_pulumi.errors import StoppedError, UnhealthyError
from zec_pulumi.health import command_probe, network_probes
from zec_pulumi.health.network_probes import NotHealthyError
from zec_pulumi.health.probe_deadline import ProbeDeadline
from zec_pulumi.time.deadline import duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from zec_pulumi.api import Instance
    from zec_pulumi.errors import StopReason
    from zec_pulumi.health import HealthGate
    from zec_pulumi.progress import Progress
    from zec_pulumi.time.clock import Clock
    from zec_pulumi.time.deadline import Deadline

_LEAST_SECONDS = 1.0
"""What a probe gets even when less of the gate's time is left."""


def address_of(gate: HealthGate, live: Instance) -> str | None:
    """Return the address that is probed: the first of the wanted kind, None when the instance has none.

    A block of addresses, such as ``203.0.113.0/28``, is none that could be probed.
    """
    addresses = live.public_ip_addresses if gate.address == "public" else live.private_ip_addresses
    return next((address for address in addresses if "/" not in address), None)


def address_findings(gate: HealthGate | None, live: Instance) -> list[str]:
    """Return why the gate could not be probed at all; a command may do without an address."""
    if gate is None or gate.kind == "command" or address_of(gate, live):
        return []
    other = "private" if gate.address == "public" else "public"
    lacks = f"health: instance {live.instance_id} has no {gate.address} address to probe {gate.kind} on"
    return [f'{lacks}; give the health gate address="{other}", or leave it out']


def pass_gate(gate: HealthGate, live: Instance, clock: Clock, progress: Progress, deadline: Deadline) -> None:
    """Probe until the gate has passed: ``gate.successes`` probes in a row.

    Raises:
        UnhealthyError: it did not pass in the gate's time or within ``deadline``, there is no address to probe, or the
            operation was stopped.
    """
    what, own = describe(gate, live), deadline.within(gate.deadline)
    passed, said = 0, "it was not probed"
    while True:
        try:
            failed = probe(gate, live, min(gate.timeout, max(own.remaining, _LEAST_SECONDS)), progress.stop_reason)
        except StoppedError as stopped:
            raise UnhealthyError(f"{stopped.reason.value} before its health gate ({what}) had passed") from stopped
        passed = 0 if failed else passed + 1
        if passed >= gate.successes:
            progress.phase(f"healthy: {what}")
            return
        said = f"the last probe said: {failed}" if failed else f"the last {passed} of {gate.successes} probes succeeded"
        progress.phase(f"not healthy yet: {failed}" if failed else f"healthy {passed}/{gate.successes}: {what}")
        if own.expired:
            left = "" if own.seconds >= gate.deadline else " that were left of the operation's deadline"
            raise UnhealthyError(f"its health gate ({what}) did not pass within {duration(own.seconds)}{left}; {said}")
        clock.sleep(min(gate.interval, own.remaining))


def probe(gate: HealthGate, live: Instance, seconds: float, stop_reason: Callable[[], StopReason | None]) -> str | None:
    """Probe once, for ``seconds`` at most; return why the machine is not healthy, None when it is.

    Raises:
        StoppedError: the operation is cancelled, or the engine is gone.
        UnhealthyError: there is no address to probe.
    """
    deadline = ProbeDeadline(seconds, stop_reason)
    try:
        _probe(gate, live, deadline)
    except NotHealthyError as error:
        return str(error)
    except TimeoutError:
        return f"no answer in {seconds:.3g}s"
    except ssl.SSLError as error:
        return f"TLS: {(error.reason or 'failed').replace('_', ' ').lower()}"
    except OSError as error:
        return (error.strerror or type(error).__name__).lower()
    return None


def describe(gate: HealthGate, live: Instance) -> str:
    """Return what is probed, for messages. Of a command only the program: its arguments may be secret."""
    if gate.kind == "command":
        return f"command {(gate.command or ('',))[0]}"
    address = address_of(gate, live) or f"no {gate.address} address"
    if gate.kind != "http":
        return f"{gate.kind} {gate.port} on {address}"
    host = f"[{address}]" if ":" in address else address
    return f"{'https' if gate.tls else 'http'}://{host}:{gate.port}{gate.path}"


def _probe(gate: HealthGate, live: Instance, deadline: ProbeDeadline) -> None:
    address, port = address_of(gate, live), gate.port or 0
    deadline.check()
    if gate.kind == "command":
        variables = command_probe.environment(os.environ, live, address, gate.env or ())
        command_probe.run(gate.command or (), variables, deadline)
    elif address is None:
        raise UnhealthyError(f"it has no {gate.address} address to probe {gate.kind} on")
    elif gate.kind == "tcp":
        network_probes.tcp(address, port, deadline)
    elif gate.kind == "ssh":
        network_probes.ssh(address, port, deadline)
    else:
        network_probes.http(address, port, gate.path or "/", gate.status or 200, deadline, tls=bool(gate.tls))
