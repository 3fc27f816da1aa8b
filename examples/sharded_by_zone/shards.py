"""Which stack has which instance: decided by the zone and the id alone, so nobody keeps a table.

As a program it prints the stacks that the inventory needs, or their manifests for the Pulumi Kubernetes Operator:

    python3 shards.py
    python3 shards.py --kubernetes | kubectl apply --filename -
"""

import argparse
import json
import math
import signal
import zlib
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
MOST = 500
"""About how many instances one stack shall have."""


def zones() -> dict[str, dict[str, str]]:
    """Return the whole inventory: the ids by name, by zone."""
    found: dict[str, dict[str, str]] = json.loads((HERE / "machines.json").read_text("utf-8"))
    return found


def inventory(zone: str) -> dict[str, str]:
    """Return the instances of a zone: the ids by name."""
    return zones()[zone]


def mine(machines: dict[str, str], part: int, parts: int) -> dict[str, str]:
    """Return those of the machines that the stack of this part has; who else is in the zone makes no difference."""
    return {name: id_ for name, id_ in machines.items() if zlib.crc32(id_.encode()) % parts == part}


def stacks(most: int) -> Iterator[tuple[str, int, int]]:
    """Yield zone, part and parts of every stack that the inventory needs."""
    for zone, machines in sorted(zones().items()):
        parts = max(1, math.ceil(len(machines) / most))
        yield from ((zone, part, parts) for part in range(parts))


def manifest(zone: str, part: int, parts: int) -> str:
    """Return the operator's manifest for one stack."""
    text = (HERE / "kubernetes" / "stack.yaml").read_text("utf-8")
    for name, value in (("ZONE", zone), ("PARTS", str(parts)), ("PART", str(part))):
        text = text.replace(f"${{{name}}}", value)
    return text


def main() -> None:
    """Print what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=MOST, help=f"instances of one stack, about (default: {MOST})")
    parser.add_argument("--kubernetes", action="store_true", help="print manifests")
    asked = parser.parse_args()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a reader that has seen enough (| head) is no error
    for zone, part, parts in stacks(asked.most):
        count = len(mine(inventory(zone), part, parts))
        line = f"{zone}-{part}: zone={zone} part={part} parts={parts}, {count} instances"
        print(f"---\n{manifest(zone, part, parts)}" if asked.kubernetes else line)  # noqa: T201 a program that prints


if __name__ == "__main__":
    main()
