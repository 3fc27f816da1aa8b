"""Whether Terraform and the stack would reinstall the same instances: ``--terraform DIR``."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING

from zec_pulumi.cli import stack_machines
from zec_pulumi.cli.doctor import conflicts
from zec_pulumi.cli.doctor.conflicts import CHECK, Shared
from zec_pulumi.cli.doctor.finding import Finding, ok, problem, warning
from zec_pulumi.terraform import TerraformError, configuration, show_command
from zec_pulumi.terraform.resource_addresses import Place, place_of
from zec_pulumi.terraform.source import instances_of_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from zec_pulumi.cli.stack_machines import StackMachine
    from zec_pulumi.terraform import Instance

_THE_FOLDER = "give the folder in which `terraform apply` is run"
_THE_STACK = "run this in the folder of the Pulumi project, and name the stack with --stack"


def check(
    directory: Path, stack: str | None, environ: Mapping[str, str], folder: Path, *, marks: bool
) -> list[Finding]:
    """Compare Terraform's state and configuration in ``directory`` with the stack of the project in ``folder``.

    ``marks`` says whether the stack's rebuilds write markers.
    """
    if not directory.is_dir():
        return [problem(CHECK, f"{directory} is not a folder", _THE_FOLDER)]
    try:
        if not configuration.files(directory, tofu=True):
            return [problem(CHECK, f"{directory} holds no Terraform configuration", _THE_FOLDER)]
        machines = instances_of_folder(directory, environ)
        owners = stack_machines.read(stack, environ, folder).by_instance()
    except OSError as error:
        return [problem(CHECK, f"{directory} cannot be read ({error.strerror})", _THE_FOLDER)]
    except TerraformError as error:
        return [problem(CHECK, error.summary, error.next_step)]
    except stack_machines.StackError as error:
        return [problem(CHECK, f"not compared with {_stack_name(stack)}: {error}", _THE_STACK)]
    common = {address: one for address, one in machines.items() if one.id in owners}
    return [
        _summary(directory, machines, common, owners, _stack_name(stack)),
        *_check_blocks(directory, environ, common, owners, marks=marks),
    ]


def _summary(
    directory: Path,
    machines: Mapping[str, Instance],
    common: Mapping[str, Instance],
    owners: Mapping[str, StackMachine],
    stack: str,
) -> Finding:
    counts = f"{len(machines)} in Terraform's state, {len(owners)} in {stack}, {len(common)} in both"
    text = f"{directory} compared, by instances: {counts}"
    if owners and not common:
        return warning(CHECK, text, "check that folder, Terraform workspace and stack belong together")
    return ok(CHECK, text)


def _check_blocks(
    directory: Path,
    environ: Mapping[str, str],
    common: Mapping[str, Instance],
    owners: Mapping[str, StackMachine],
    *,
    marks: bool,
) -> Iterator[Finding]:
    """Yield the findings of each block; a module that cannot be read does not hide those of the others."""
    modules: defaultdict[str, defaultdict[Place, dict[str, StackMachine]]] = defaultdict(lambda: defaultdict(dict))
    for address, machine in common.items():
        place = place_of(address)
        modules[place.module][place][machine.id] = owners[machine.id]
    for module in sorted(modules):
        yield from _module(directory, environ, module, modules[module], marks=marks)


def _module(
    directory: Path,
    environ: Mapping[str, str],
    module: str,
    places: Mapping[Place, Mapping[str, StackMachine]],
    *,
    marks: bool,
) -> list[Finding]:
    tofu = os.path.basename(show_command.find(environ) or "") == "tofu"  # noqa: PTH119  # `which` returns text
    try:
        folder = configuration.folders(directory, environ).get(module)
        blocks = configuration.read(folder, tofu=tofu) if folder else {}
    except TerraformError as error:
        return [problem(CHECK, error.summary, error.next_step)]
    if folder is None:
        text = f"the configuration of {', '.join(place.address for place in sorted(places))} is not on this disk"
        return [problem(CHECK, text, f"run `init` in {directory}, which fetches modules")]
    fetched = configuration.is_fetched(folder, directory, environ)
    findings = []
    for place in sorted(places):
        block = blocks.get(place.name)
        if block is None:
            findings.append(_without_block(place, directory))
            continue
        file = os.path.normpath(folder / block.file)
        findings += conflicts.check_block(Shared(place.address, file, fetched, places[place], marks), block)
    return findings


def _without_block(place: Place, directory: Path) -> Finding:
    text = f"{place.address} is in Terraform's state and not in its configuration: an apply may release the machine"
    fix = f"see what a plan in {directory} says, and bring state and configuration together"
    return warning(CHECK, text, fix)


def _stack_name(stack: str | None) -> str:
    return f"stack {stack}" if stack else "the selected stack"
