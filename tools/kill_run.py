"""Runs one cell of the kill matrix on the real engine, and judges it by what the simulator did."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from driver import SDKS, WEB_1, Stack, new_stack
from kill_cells import DEBIAN, IS, ROLLED_BACK, Cell, Kill, Request
from kill_hook.sitecustomize import mend_disk
from kill_trap import Trap, end_all, plugins
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from driver import Ran
    from kill_disks import Disks

HOOK = Path(__file__).parent / "kill_hook"
PACE = {"rebuild_seconds": 0.4, "stop_seconds": 0.2}
MAX_UPS = 5
ORPHAN_SECONDS = 30.0
MOMENT_SECONDS = 5.0

_QUESTION = re.compile(r"attempts close (\S+)")
_MARKED = re.compile(r"zec:closeAttempt to ([0-9a-f]{8})=")
_OFF = re.compile("Start it by hand|is STOPPED as wanted")
_DEFECT = re.compile(r'File ".*/zec_pulumi/|a defect in zec_pulumi')
_CLOSE = "import sys; from zec_pulumi.cli.main import main; sys.exit(main(sys.argv[1:]))"


@dataclass
class Result:
    """What came of a cell. ``requests`` counts all API calls of the cell, ``ups`` those after the kill.

    ``resets`` are those of planned rebuilds: neither a roll-back nor one that was planned anew after it.
    """

    cell: Cell
    resets: int = 0
    ups: int = 0
    asked: int = 0
    requests: int = 0
    seconds: float = 0.0
    left_over: int = 0
    faults: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def wiped_twice(self) -> bool:
        """Whether one planned rebuild was carried out more than once."""
        return self.resets > 1

    @property
    def bad(self) -> bool:
        """Whether a promise is broken."""
        return bool(self.faults) or self.wiped_twice


def templates(folder: Path, engine: Path) -> dict[str, Path]:
    """Make the stack that each operation begins with: an empty one, and one that has the machine recorded."""
    with Simulator(rebuild_seconds=PACE["rebuild_seconds"], stop_seconds=PACE["stop_seconds"]) as cloud:
        made = {}
        for operation in ("create", "update"):
            made[operation] = folder / operation
            made[operation].mkdir()
            stack = new_stack(made[operation], cloud, engine, "newest")
            if operation == "update":
                stack.declare(web=IS).up().ok()
        assert cloud.ledger() == []
        return made


def run(cell: Cell, template: Mapping[str, Path], folder: Path, engine: Path) -> Result:
    """Cut one operation off, bring it to its end, and judge."""
    began, result = time.monotonic(), Result(cell)
    shutil.copytree(template[cell.operation], folder, symlinks=True)
    request = cell.point.at if cell.point and isinstance(cell.point.at, Request) else None
    trap = Trap(folder, request, cell.kill)
    trap.disks.backed_up, trap.disks.sick = cell.backed_up, cell.change in ROLLED_BACK
    with Simulator(
        clock="manual",
        observer=trap.observe,
        rebuild_seconds=PACE["rebuild_seconds"],
        stop_seconds=PACE["stop_seconds"],
    ) as cloud:
        trap.set(cloud)
        stack = Stack(folder, cloud, engine, SDKS["newest"], environment={"PYTHONPATH": str(HOOK)})
        stack.declare(web=cell.program)
        over = _cut_off(cell, stack, trap, result)
        # What made it sick is mended: else no up could ever succeed.
        trap.disks.sick = False
        if cell.rehearsed:
            _rehearse(cell, stack, template[cell.operation], result)
        for _ in range(0 if over else MAX_UPS):
            if _up(cell, stack, result):
                break
        else:
            if not over:
                result.faults.append(f"not converged after {MAX_UPS} ups")
        _judge_processes(folder, result)
        if trap.disks.made:
            _judge_leftovers(cell, stack, trap.disks, result)
        result.faults += trap.disks.faults
        result.resets = trap.disks.planned
        result.requests = len(cloud.requests())
    result.seconds = time.monotonic() - began
    return result


def _cut_off(cell: Cell, stack: Stack, trap: Trap, result: Result) -> bool:
    """Run the up that is cut off; return whether it succeeded all the same, as it may with a lost answer."""
    hooked = cell.point is not None and isinstance(cell.point.at, str)
    calm = dict(stack.environment)
    if hooked and cell.point and cell.kill:
        at = str(cell.point.at).format(operation=cell.operation)
        victims = {Kill.ENGINE: "engine", Kill.DISK: "disk", Kill.JOURNAL: "journal"}
        victim = victims.get(cell.kill, "plugin")
        stack.environment |= {"KILL_AT": at, "KILL_SIGNAL": str(int(cell.kill.signal)), "KILL_VICTIM": victim}
    ran = stack.up()
    stack.environment = calm
    if "was rebuilt from its backup" in ran.text and not trap.disks.brought_back(stack.cloud._cloud):  # noqa: SLF001 as the trap
        result.faults.append("rolled back, and the disk of before is not there")
    if cell.point is None or cell.kill is None:
        return _succeeded(cell, stack, ran, result)
    if cell.kill is Kill.DISK and not mend_disk(stack.folder / "backend"):
        result.faults.append("the disk refused nothing")
    # The engine that died here may be gone before the simulator's thread has noticed.
    struck = hooked or trap.struck.wait(MOMENT_SECONDS)
    if not struck or (cell.kill is Kill.ENGINE and ran.code != -signal.SIGKILL):
        result.faults.append("the point was never reached, or nobody died there")
    if ran.code == 0 and not cell.kill.may_succeed:
        result.faults.append("the up that was cut off says it succeeded")
    if not cell.journal:
        shutil.rmtree(stack.folder / "home" / ".pulumi" / "zec_pulumi")
    if cell.kill is Kill.ENGINE:
        stack.run("cancel", "--yes").ok()
    return _succeeded(cell, stack, ran, result)


def _rehearse(cell: Cell, stack: Stack, template: Path, result: Result) -> None:
    """Try the program out on another cloud, with the same home and a state of its own: nothing else counts there."""
    backend = stack.folder / "rehearsal"
    shutil.copytree(template / "backend", backend)
    with Simulator(rebuild_seconds=PACE["rebuild_seconds"], stop_seconds=PACE["stop_seconds"]) as cloud:
        environment = {**stack.environment, "PULUMI_BACKEND_URL": f"file://{backend}"}
        rehearsal = Stack(stack.folder, cloud, stack.engine, stack.python, environment=environment)
        succeeded = _succeeded(cell, rehearsal, rehearsal.up(), result)
        if not succeeded or rehearsal.actions().count("ResetInstance") != 1:
            result.faults.append("a rehearsal counts what was done on another cloud")


def _up(cell: Cell, stack: Stack, result: Result) -> bool:
    """Run up once more, and answer its question with the truth; return whether it succeeded."""
    ran = stack.up()
    result.ups += 1
    if _succeeded(cell, stack, ran, result):
        return True
    question = _QUESTION.search(ran.text)
    if question:
        result.asked += 1
        answer = "--rebuilt" if "ResetInstance" in stack.actions() else "--not-rebuilt"
        home = {"PULUMI_HOME": str(stack.folder / "home" / ".pulumi")}
        command = [sys.executable, "-c", _CLOSE, "attempts", "close", question[1], answer]
        subprocess.run(command, env=home, check=True, stdout=subprocess.DEVNULL, timeout=60)
    if "change rebuild_token to ask for the rebuild" in ran.text:
        result.asked += 1
        stack.declare(web={**cell.program, "rebuild_token": "asked for again"})
    if _OFF.search(ran.text):
        # It was powered off for the roll-back: somebody starts it, as the message says.
        stack.cloud.patch_instance(WEB_1, status="RUNNING")
        (stack.folder / "home" / "healthy").touch()
    marked = _MARKED.search(ran.text)
    if marked:
        result.asked += 1
        answer = "rebuilt" if "ResetInstance" in stack.actions() else "not-rebuilt"
        stack.run("config", "set", "zec:closeAttempt", f"{marked[1]}={answer}").ok()
    return False


def _succeeded(cell: Cell, stack: Stack, ran: Ran, result: Result) -> bool:
    """Judge a success at once, by the machine: nothing may still be going on there."""
    result.said.append(f"[exit {ran.code}] {ran.text.strip()}")
    # The engine's own end can leave a traceback of a language host that it interrupted: that is not the provider's.
    if _DEFECT.search(ran.text):
        result.faults.append("a traceback or a defect")
    if ran.code != 0:
        return False
    machine = stack.cloud.instance(WEB_1)
    shown = {"status": machine["status"], "image_id": machine["imageId"], "key_id": machine["keyId"]}
    wanted = {"status": "RUNNING", "image_id": cell.program["image_id"], "key_id": cell.program["key_id"]}
    reset = [entry for entry in stack.cloud.ledger() if entry["action"] == "ResetInstance"]
    if shown != wanted or not reset:
        result.faults.append(f"false success: {shown}, {len(reset)} resets")
    elif (reset[-1]["parameters"].get("userData") is not None) != ("user_data" in cell.program):
        result.faults.append("false success: the reset did not have the script that was asked for")
    return True


def _judge_leftovers(cell: Cell, stack: Stack, disks: Disks, result: Result) -> None:
    """See to it that every image that the stack does not record is named: by the next preview, and by the command."""
    recorded = {one["imageId"] for one in stack.state()["web"]["outputs"].get("backups", ())}
    there = {image["imageId"] for image in stack.cloud.images()} & disks.made.keys()
    left = there - recorded - {stack.cloud.instance(WEB_1)["imageId"]}
    if not left:
        return
    listed = subprocess.run(
        [sys.executable, "-c", _CLOSE, "backups", "--json"],
        cwd=stack.folder,
        env=stack.environ(),
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout
    shown = stack.declare(web={**cell.program, "image_id": DEBIAN}).preview().text
    if any(image_id not in listed or image_id not in shown for image_id in left):
        result.faults.append(f"images that nobody names: {left}")
    result.left_over = len(left)


def _judge_processes(folder: Path, result: Result) -> None:
    """See to it that no plugin outlives its engine; what is still there is ended and counts as a fault."""
    until = time.monotonic() + ORPHAN_SECONDS
    while plugins(folder) and time.monotonic() < until:
        time.sleep(0.05)
    if plugins(folder):
        result.faults.append(f"a plugin was left behind: {plugins(folder)}")
    end_all(folder)
