"""Whether Terraform and the stack would reinstall the same instances: ``--terraform DIR``."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING

from zec_pulumi.doctor import both, owned
from zec_pulumi.doctor.both import CHECK, Shared
from zec_pulumi.doctor.finding import Finding, ok, problem, warning
from zec_pulumi.terraform import TerraformError, command, configuration
from zec_pulumi.terraform.addresses import Place, place_of
from zec_pulumi.terraform.source import instances_of_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from zec_pulumi.terraform import Instance

_THE_FOLDER = "give the folder in which `terraform apply` is run"
_THE_STACK = "run this in the folder of the Pulumi project, and name the stack with --stack"


def look(directory: Path, stack: str | None, environ: Mapping[str, str], folder: Path) -> list[Finding]:
    """Compare Terraform's state and configuration in ``directory`` with the stack of the project in ``folder``."""
    if not directory.is_dir():
        return [problem(CHECK, f"{directory} is not a folder", _THE_FOLDER)]
    try:
        if not configuration.files(directory, tofu=True):
            return [problem(CHECK, f"{directory} holds no Terraform configuration", _THE_FOLDER)]
        machines = instances_of_folder(directory, environ)
        owners = owned.read(stack, environ, folder)
    except OSError as error:
        return [problem(CHECK, f"{directory} cannot be read ({error.strerror})", _THE_FOLDER)]
    except TerraformError as error:
        return [_refused(error)]
    except owned.StackError as error:
        return [problem(CHECK, f"not compared with {_called(stack)}: {error}", _THE_STACK)]
    common = {address: one for address, one in machines.items() if one.id in owners}
    return [_summary(directory, machines, common, owners, _called(stack)), *_judged(directory, environ, common, owners)]


def _summary(
    directory: Path,
    machines: Mapping[str, Instance],
    common: Mapping[str, Instance],
    owners: Mapping[str, owned.Owner],
    stack: str,
) -> Finding:
    counts = f"{len(machines)} in Terraform's state, {len(owners)} in {stack}, {len(common)} in both"
    text = f"{directory} compared, by instances: {counts}"
    if owners and not common:
        return warning(CHECK, text, "check that folder, Terraform workspace and stack belong together")
    return ok(CHECK, text)


def _judged(
    directory: Path, environ: Mapping[str, str], common: Mapping[str, Instance], owners: Mapping[str, owned.Owner]
) -> Iterator[Finding]:
    """Yield what each block deserves; one that cannot be read keeps no other from being judged."""
    places: defaultdict[Place, list[str]] = defaultdict(list)
    for address, machine in common.items():
        places[place_of(address)].append(machine.id)
    tofu = os.path.basename(command.find(environ) or "") == "tofu"  # noqa: PTH119  # `which` returns text
    for place in sorted(places):
        yield from _block(directory, environ, place, {id_: owners[id_] for id_ in places[place]}, tofu=tofu)


def _block(
    directory: Path, environ: Mapping[str, str], place: Place, owners: Mapping[str, owned.Owner], *, tofu: bool
) -> list[Finding]:
    try:
        folders = configuration.folders(directory, environ)
        if place.module not in folders:
            text = f"the configuration of {place.address} is not on this disk"
            return [problem(CHECK, text, f"run `init` in {directory}, which fetches modules")]
        found = configuration.read(folders[place.module], tofu=tofu).get(place.name)
    except TerraformError as error:
        return [_refused(error)]
    if found is None:
        text = f"{place.address} is in Terraform's state and not in its configuration: an apply may release the machine"
        fix = f"see what a plan in {directory} says, and bring state and configuration together"
        return [warning(CHECK, text, fix)]
    shared = Shared(
        address=place.address,
        file=os.path.relpath(folders[place.module] / found.file, directory),
        fetched=configuration.is_fetched(folders[place.module], directory, environ),
        instances=[(id_, owner.name) for id_, owner in owners.items()],
        named=any(owner.names_it for owner in owners.values()),
    )
    return list(both.judge(shared, found))


def _called(stack: str | None) -> str:
    return f"stack {stack}" if stack else "the selected stack"


def _refused(error: TerraformError) -> Finding:
    """Return the finding of an error's sentence: what is wrong, and after the last mark what to do."""
    text = str(error)
    mark = "; " if "; " in text else ": "
    what, _, fix = text.rpartition(mark)
    return problem(CHECK, what, fix)
