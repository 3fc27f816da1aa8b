"""What ``make playground`` runs: a simulated cloud and a stack that is ready, for a terminal of the user's.

Everything is in a temporary folder. The user's own Pulumi login, stacks and plugins are not touched.
"""

from __future__ import annotations

import contextlib
import shlex
import signal
import sys
from typing import TYPE_CHECKING, Any

from interrupts import end_by_exception

if TYPE_CHECKING:
    from demo_pulumi import Pulumi

PORT = 8765
REBUILD_SECONDS, STOP_SECONDS = 8.0, 2.0
STACK = "dev"
GUIDE = """\
The simulated cloud, to look at in a browser: {url}/
A stack is ready for it. Paste this into another terminal:

{exports}

Then, in that terminal:

pulumi up
pulumi config set imageId ubuntu2404_20240712
pulumi up

The first up records web-1 and wipes nothing. The second warns, asks, and
rebuilds it. To change the program, edit __main__.py in that folder.
What is done to the cloud is shown here. Ctrl-C ends it and removes all of it.
"""


def main() -> int:
    """Run until interrupted; 0, or 1 with a sentence when there is no engine."""
    end_by_exception()
    try:
        return _play()
    except KeyboardInterrupt:
        print("\nplayground: ended, and nothing of it is left. The other terminal's variables lead nowhere: close it.")
        return 0


def _play() -> int:
    # An interrupt while these load shall end in one line, too.
    from demo_pulumi import StepFailedError  # noqa: PLC0415
    from demo_stage import scratch_folder, with_stack  # noqa: PLC0415
    from zec_pulumi.cli.simulator import mutation_line  # noqa: PLC0415
    from zec_pulumi.simulator import Simulator  # noqa: PLC0415

    def show(entry: dict[str, Any]) -> None:
        print(mutation_line(entry), flush=True)

    def cloud(port: int) -> Simulator:
        return Simulator(port=port, rebuild_seconds=REBUILD_SECONDS, stop_seconds=STOP_SECONDS, observer=show)

    with scratch_folder("zec-playground-") as folder, contextlib.ExitStack() as running:
        try:
            simulator = running.enter_context(cloud(PORT))
        except OSError:  # the port is taken, perhaps by another playground
            simulator = running.enter_context(cloud(0))
        try:
            commands = with_stack(STACK, folder, simulator)
        except StepFailedError as error:
            print(f"playground: {error}", file=sys.stderr)
            return 1
        exports = exported(commands)
        print(GUIDE.format(url=simulator.url, exports=exports), flush=True)
        while True:
            signal.pause()


def exported(commands: Pulumi) -> str:
    """Return the lines that make a shell use the stack and the cloud."""
    first = ":".join(shlex.quote(str(folder)) for folder in commands.commands())
    variables = [f"export {name}={shlex.quote(value)}" for name, value in commands.variables().items()]
    lines = [f"export PATH={first}:$PATH", *variables, f"cd {shlex.quote(str(commands.folder / 'project'))}"]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
