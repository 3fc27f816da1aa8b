"""How much the simulator bears: ten thousand machines, a thousand rebuilds at once, and requests for one core.

``make bench-simulator`` prints a Markdown table; docs/simulator.md keeps it. Requests are counted against the processor
time that the simulator's process used: what one core sustains, however busy the machine is otherwise.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import psutil

from benchmarks.result import where_and_when
from zec_pulumi.simulator import default_world

if TYPE_CHECKING:
    from collections.abc import Iterator

MACHINES = 10_000
REBUILDS = 1000
CLIENTS = 8
READS = 2000
COMMAND = [sys.executable, "-c", "import sys; from zec_pulumi.cli.main import main; sys.exit(main())", "simulator"]
STOPPED, RUNNING = range(REBUILDS), range(REBUILDS, MACHINES)


def main() -> None:
    """Measure without and with a state file, and print both."""
    print(f"{where_and_when()}\n")
    with tempfile.TemporaryDirectory() as scratch:
        seed = Path(scratch) / "seed.json"
        seed.write_text(json.dumps(_world()))
        columns = [_measured(seed), _measured(seed, "--state", str(Path(scratch) / "cloud.db"))]
    print(f"| {MACHINES:,} machines | in memory | with `--state` |\n| --- | --- | --- |")
    for what, memory in columns[0].items():
        print(f"| {what} | {memory} | {columns[1][what]} |")


@dataclass(frozen=True)
class Server:
    """A running simulator in a process of its own."""

    process: psutil.Process
    host: str
    token: str

    def cpu(self) -> float:
        """Return the processor seconds it has used."""
        used = self.process.cpu_times()
        return float(used.user + used.system)

    def memory(self) -> str:
        """Return what it holds."""
        return f"{self.process.memory_info().rss / 2**20:.0f} MiB"


class Client:
    """One kept connection. A request that does not succeed ends the benchmark."""

    def __init__(self, server: Server) -> None:
        self._connection = http.client.HTTPConnection(server.host, timeout=60)
        self._token = server.token

    def send(self, action: str, **parameters: Any) -> Any:
        """Send one API request and return its response."""
        headers = {
            "Authorization": f"Bearer {self._token}",
            "X-ZC-Action": action,
            "X-ZC-Version": "2025-09-01",
            "Content-Type": "application/json",
        }
        self._connection.request("POST", "/api/v2/zec", json.dumps(parameters), headers)
        return self._answer()["response"]

    def administer(self, method: str, path: str, body: Any = None) -> Any:
        """Use the administration."""
        self._connection.request(method, f"/_simulator/{path}", None if body is None else json.dumps(body))
        return self._answer()

    def _answer(self) -> Any:
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != http.client.OK:
            sys.exit(f"HTTP {answer.status}: {text[:500]!r}")
        return json.loads(text)


def _world() -> dict[str, Any]:
    world = default_world()
    machine = {**world["instances"][0], "status": "RUNNING", "pending": None}
    world["instances"] = [
        {
            **machine,
            "instanceId": _id(number),
            "instanceName": f"node-{number}",
            "status": "STOPPED" if number in STOPPED else "RUNNING",
        }
        for number in range(MACHINES)
    ]
    return world


def _id(number: int) -> str:
    return str(1_272_168_087_000_000_000 + number)


@contextmanager
def _running(seed: Path, *options: str) -> Iterator[Server]:
    arguments = [*COMMAND, "--port", "0", "--seed", str(seed), "--rebuild-seconds", "600", *options]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        if process.stdout is None:
            raise RuntimeError("the simulator has no output")
        ready = process.stdout.readline().split()
        with ThreadPoolExecutor(1) as reader:
            reader.submit(process.stdout.read)
            yield Server(
                psutil.Process(process.pid), ready[1].removeprefix("http://"), ready[-1].removeprefix("token=")
            )
            process.terminate()


def _measured(seed: Path, *options: str) -> dict[str, str]:
    began = time.monotonic()
    with _running(seed, *options) as server:
        results = {"start": f"{time.monotonic() - began:.1f} s", "memory at the start": server.memory()}
        clients = [Client(server) for _ in range(CLIENTS)]
        results[f"{REBUILDS:,} ResetInstance at once"] = _rebuild_all(server, clients)
        results["DescribeInstancesStatus of 1 machine"] = _rate(server, clients, "DescribeInstancesStatus", ids=1)
        results["DescribeInstancesStatus of 100"] = _rate(server, clients, "DescribeInstancesStatus", ids=100)
        results["DescribeInstances of 1"] = _rate(server, clients, "DescribeInstances", ids=1)
        results["DescribeInstances, the first page of all"] = _rate(server, clients, "DescribeInstances", ids=0)
        results[f"memory after {len(clients[0].administer('GET', 'requests')):,} requests"] = server.memory()
    return results


def _rebuild_all(server: Server, clients: list[Client]) -> str:
    """Start all rebuilds, see all of them under way, move the clock and see all of them end."""

    def rebuild(client: Client, numbers: list[int]) -> None:
        for number in numbers:
            client.send("ResetInstance", instanceId=_id(number), keyId="key-YWD2QFOl", imageId="debian12_20240712")

    used = server.cpu()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(rebuild, clients, [list(STOPPED)[at::CLIENTS] for at in range(CLIENTS)]))
    used = server.cpu() - used
    statuses = [_statuses(clients[0])]
    clients[0].administer("POST", "clock", {"advance": 600})
    statuses.append(_statuses(clients[0]))
    ledger = {entry["instanceId"] for entry in clients[0].administer("GET", "ledger")}
    if statuses != [{"DEPLOYING"}, {"RUNNING"}] or len(ledger) != REBUILDS:
        sys.exit(f"not all were rebuilt: {statuses}, {len(ledger)} in the ledger")
    return f"{REBUILDS / used:,.0f}/s"


def _statuses(client: Client) -> set[str]:
    found: set[str] = set()
    for begin in range(0, REBUILDS, 100):
        ids = [_id(number) for number in STOPPED[begin : begin + 100]]
        answer = client.send("DescribeInstancesStatus", instanceIds=ids, pageSize=100)
        found |= {item["instanceStatus"] for item in answer["dataSet"]}
    return found


def _rate(server: Server, clients: list[Client], action: str, *, ids: int) -> str:
    def read(client: Client, offset: int) -> None:
        for number in range(READS // CLIENTS):
            begin = (offset + number * 7) % (MACHINES - 100)
            named = {"instanceIds": [_id(begin + more) for more in range(ids)]} if ids else {}
            client.send(action, **named, pageSize=max(ids, 20))

    used = server.cpu()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(read, clients, [at * 1000 for at in range(CLIENTS)]))
    return f"{READS / (server.cpu() - used):,.0f}/s"


if __name__ == "__main__":
    main()
