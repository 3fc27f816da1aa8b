"""``zec-pulumi simulator``: the sandbox cloud in a terminal."""

from __future__ import annotations

import argparse
import errno
import json
import shlex
import signal
import threading
from typing import TYPE_CHECKING, Any

from zec_pulumi.cli.output import write_error, write_lines
from zec_pulumi.cli.parser import add_command
from zec_pulumi.simulator.addresses import LOOPBACK, is_loopback
from zec_pulumi.simulator.server import Simulator
from zec_pulumi.simulator.world import SetupError
from zec_pulumi.time.timestamp import timestamp

if TYPE_CHECKING:
    from types import FrameType

    from zec_pulumi.cli.parser import Commands

DEFAULT_PORT = 8765
MAX_PORT = 65535
EXPOSED = (
    "warning: listening on {}: everybody who can reach this port can read and change everything in this simulator, "
    "passwords of its seed included; nothing real is behind it"
)

_DESCRIPTION = """\
Run a sandbox cloud on this machine: an HTTP server that speaks the protocol of the
Zenlayer ZEC API. It verifies real signatures and tokens, and reinstalls nothing real.

The first line of its output is its address and the credentials it accepts. The second points
a client at it: paste it into another shell. Each line after that is a change a client made.
Ctrl-C ends it, and everything is forgotten unless --state names a file to keep it in.
"""

_EPILOG = f"""\
Point a client at it (a Pulumi program with this package, the Terraform provider), as the second line does:

  export ZENLAYERCLOUD_DOMAIN=127.0.0.1:{DEFAULT_PORT}
  export ZENLAYERCLOUD_SCHEME=HTTP
  export ZENLAYERCLOUD_ACCESS_KEY_ID=simulator-access-key-id
  export ZENLAYERCLOUD_ACCESS_KEY_PASSWORD=simulator-access-key-password

With --tls the scheme is HTTPS, and the second line also lets a client believe the certificate. The zeno
command speaks https only:

  export ZENLAYER_ENDPOINT=127.0.0.1:{DEFAULT_PORT} ZENLAYER_ACCESS_KEY_ID=simulator-access-key-id
  export ZENLAYER_ACCESS_KEY_SECRET=simulator-access-key-password SSL_CERT_FILE=…

The official Python SDK takes the file itself: Config(domain=…, certification="…/ca.pem").

Or, with a bearer token instead of the two access key variables:

  export ZENLAYER_TOKEN=simulator-token

Examples:

  zec-pulumi simulator                            # the world of the package, real pace
  zec-pulumi simulator --rebuild-seconds 5        # for the impatient
  zec-pulumi simulator --port 0 --seed mine.yaml  # a free port, your own machines
  zec-pulumi simulator --tls                      # https, for clients that refuse http
  zec-pulumi simulator --state cloud.db           # everything is still there the next time
  http://127.0.0.1:{DEFAULT_PORT}/ in a browser                 # all of it, live, with controls
  curl http://127.0.0.1:{DEFAULT_PORT}/_simulator/ledger        # what was done to which machine
  curl http://127.0.0.1:{DEFAULT_PORT}/_simulator/instances     # what the machines are now
  curl -d '{{"advance": 3600}}' http://127.0.0.1:{DEFAULT_PORT}/_simulator/clock
  curl -d '{{"action": "ResetInstance", "nth": 1, "effect": {{"type": "reinstall_fails"}}}}' \\
       http://127.0.0.1:{DEFAULT_PORT}/_simulator/faults
"""


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add this subcommand to the root parser."""
    parser = add_command(
        commands, "simulator", summary="run a sandbox cloud on this machine", description=_DESCRIPTION, epilog=_EPILOG
    )
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT, help="TCP port, 0 for a free one (%(default)s)")
    parser.add_argument("--host", default=LOOPBACK, help="the address to listen on (%(default)s)")
    parser.add_argument("--state", metavar="FILE", help="keep everything in this file, and go on from it the next time")
    parser.add_argument("--seed", metavar="FILE", help="a JSON or YAML file of the cloud to begin with")
    parser.add_argument(
        "--rebuild-seconds",
        type=_seconds,
        default=60.0,
        metavar="S",
        help="how long a reinstall takes (%(default)g)",
    )
    parser.add_argument(
        "--stop-seconds",
        type=_seconds,
        default=5.0,
        metavar="S",
        help="how long a stop, start or reboot takes (%(default)g)",
    )
    parser.add_argument(
        "--transition",
        choices=["DEPLOYING", "REBUILDING"],
        default="DEPLOYING",
        help="the status during a reinstall; sources disagree about which is real (%(default)s)",
    )
    parser.add_argument(
        "--tls", action="store_true", help="speak https, with a certificate made for this run; says where its CA is"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the simulator until it is interrupted. Returns the exit status."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        simulator = Simulator(
            arguments.seed,
            host=arguments.host,
            state=arguments.state,
            port=arguments.port,
            rebuild_seconds=arguments.rebuild_seconds,
            stop_seconds=arguments.stop_seconds,
            transition=arguments.transition,
            tls=arguments.tls,
            observer=lambda entry: write_lines([mutation_line(entry)]),
        )
        with simulator:
            if not is_loopback(arguments.host):
                write_error(EXPOSED.format(arguments.host))
            write_lines([ready_line(simulator), export_line(simulator)])
            threading.Event().wait()
    except KeyboardInterrupt:
        return 0
    except (SetupError, OSError, RuntimeError) as error:
        write_error(f"zec-pulumi simulator: {_reason(error, arguments)}")
        return 1
    return 0


def ready_line(simulator: Simulator) -> str:
    """Return the line that says where a running simulator is and what it accepts."""
    where = f" ca-file={simulator.ca_file}" if simulator.ca_file else ""
    return (
        f"ready: {simulator.url} access-key-id={simulator.access_key_id} "
        f"access-key-password={simulator.access_key_password} token={simulator.token}{where}"
    )


def export_line(simulator: Simulator) -> str:
    """Return the command that points the clients of a shell at a running simulator."""
    return " ".join(["export", *(f"{name}={shlex.quote(value)}" for name, value in simulator.environment().items())])


def _reason(error: Exception, arguments: argparse.Namespace) -> str:
    if not isinstance(error, OSError) or error.errno != errno.EADDRINUSE:
        return str(error)
    return (
        f"port {arguments.port} of {arguments.host} is taken, perhaps by another simulator: end that one, or take"
        f" another port: --port {arguments.port + 1}, or --port 0 for a free one"
    )


def mutation_line(entry: dict[str, Any]) -> str:
    """Return a ledger entry as one line, its time in UTC."""
    parameters = "".join(
        f" {name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in entry["parameters"].items()
    )
    return f"{timestamp(entry['at'])} {entry['action']} {entry['instanceId'] or '-'}{parameters} {entry['requestId']}"


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError("seconds must be 0 or more")
    return value


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= MAX_PORT:
        raise argparse.ArgumentTypeError("a port is 0 to 65535")
    return value


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt
