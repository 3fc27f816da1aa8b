"""Machines that Terraform and this stack both own: whether one change would reinstall them twice."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zec_pulumi import terraform
from zec_pulumi.doctor.finding import Finding, ok, problem, warning
from zec_pulumi.doctor.process import run
from zec_pulumi.terraform.configuration import Declared, block_of, declared
from zec_pulumi.urns import INSTANCE, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

CHECK = "terraform"

SET_BY_A_REBUILD = ("image_id", "key_id", "password", "time_zone", "disable_qga_agent")
"""What a rebuild sets and Terraform reads back: it reinstalls for all of them but ``password``, which it would set."""

SHOWN = 3


@dataclass(frozen=True)
class Owned:
    """A resource of the stack that owns an instance's operating system."""

    name: str
    names_it: bool


def look(terraform_folder: Path, stack: str | None, environ: Mapping[str, str], folder: Path) -> list[Finding]:
    """Compare the Terraform configuration and state of a folder with the stack of the project in ``folder``."""
    try:
        instances, blocks = _instances(terraform_folder), declared(terraform_folder)
    except terraform.TerraformError as error:
        what, _, fix = str(error).rpartition(": ")
        return [problem(CHECK, what or str(error), fix if what else "see docs/terraform.md")]
    owned, trouble = _owned(stack, environ, folder)
    if trouble:
        return [trouble]
    shared = defaultdict[str, list[terraform.Instance]](list)
    for machine in instances.values():
        if machine.id in owned:
            shared[block_of(machine.address)].append(machine)
    alone = len(instances) - sum(map(len, shared.values()))
    findings = [f for address, machines in shared.items() for f in _judge(address, blocks, machines, owned)]
    if alone:
        findings.append(ok(CHECK, f"{_count(alone)} of {terraform_folder} not in this stack: Terraform's alone"))
    return findings


def _judge(
    address: str,
    blocks: Mapping[str, Declared],
    machines: Sequence[terraform.Instance],
    owned: Mapping[str, Owned],
) -> Iterator[Finding]:
    block = blocks.get(address)
    who = _named(machines, owned)
    if block is None:
        text = f"{who}: in the state as {address}, which no file of the configuration declares"
        yield warning(CHECK, text, "run `terraform init` there, so that its modules can be read, and ask again")
        return
    missing = [name for name in SET_BY_A_REBUILD if not block.ignores(name)]
    if missing:
        lines = sorted(block.ignored or (), key=str) + missing
        yield problem(
            CHECK,
            f"{who}: after a rebuild the next terraform apply sets {', '.join(missing)} back, which reinstalls",
            f"in {block.file}, resource {address.rpartition('.')[2]}:"
            f" lifecycle {{ ignore_changes = [{', '.join(lines)}] }}",
        )
    else:
        yield ok(CHECK, f"{who}: Terraform ignores what a rebuild sets")
    both_name_it = "instance_name" in block.attributes and any(owned[m.id].names_it for m in machines)
    if both_name_it and not block.ignores("instance_name"):
        fix = f"add instance_name to ignore_changes in {block.file}, or leave it out of the program"
        yield warning(CHECK, f"{who}: the program and {address} both set the name", fix)
    if block.kept_running and not block.ignores("running_flag"):
        text = f"{who}: running_flag = true, so an apply during a rebuild starts the machine that was powered off"
        yield warning(CHECK, text, f"never run both at once, or take running_flag out of {block.file}")


def _instances(folder: Path) -> Mapping[str, terraform.Instance]:
    """Read the state; without the command on PATH, a local one can be read all the same."""
    local = folder / "terraform.tfstate"
    found = any(map(shutil.which, ("terraform", "tofu")))
    return terraform.instances(local if local.is_file() and not found else folder)


def _owned(stack: str | None, environ: Mapping[str, str], folder: Path) -> tuple[dict[str, Owned], Finding | None]:
    """Return the stack's resources by instance id, or why it cannot be read."""
    program = shutil.which("pulumi", path=environ.get("PATH"))
    if program is None:
        return {}, warning(CHECK, "not compared: there is no pulumi on PATH", "install it, see engine below")
    named = ["--stack", stack] if stack else []
    ran = run([program, "stack", "export", "--non-interactive", *named], environ, folder)
    if not ran.succeeded:
        fix = "name a stack with --stack, in the project's folder; `pulumi stack ls` lists them"
        return {}, (problem if stack else warning)(CHECK, f"not compared: the stack was not read: {ran.reason}", fix)
    try:
        resources = json.loads(ran.output)["deployment"].get("resources") or []
        return {str(r["id"]): _resource(r) for r in resources if r["type"] == INSTANCE and "id" in r}, None
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}, warning(CHECK, "not compared: `pulumi stack export` did not print a stack", "update pulumi")


def _resource(entry: Mapping[str, Any]) -> Owned:
    return Owned(name_of(entry["urn"]), "instanceName" in entry.get("inputs", {}))


def _named(machines: Sequence[terraform.Instance], owned: Mapping[str, Owned]) -> str:
    """Return which machines of one block, by both of their names."""
    shown = [f"{m.id} ({m.address}, resource {owned[m.id].name})" for m in machines[:SHOWN]]
    more = len(machines) - SHOWN
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _count(number: int) -> str:
    return f"{number} instance is" if number == 1 else f"{number} instances are"
