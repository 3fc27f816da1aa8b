"""What the page tells of Terraform and Pulumi on the same machines, with the real commands of both.

The provider is a stand-in, as in test_real_command.
"""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

import engine
from checkout import copy_example
from driver import ROOT, SDKS, Stack
from zec_pulumi import terraform
from zec_pulumi.cli.doctor import terraform as doctor
from zec_pulumi.journal.marker import KEY

if TYPE_CHECKING:
    from terraform_driver import Folder
    from zec_pulumi.cli.doctor.finding import Finding

pytestmark = [pytest.mark.slow, pytest.mark.engine]

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
INSTANCE = "zenlayercloud_zec_instance"
VALUES = 'subnet_id = "subnet-0001"\nkey_id    = "key-YWD2QFOl"\n'
LIFECYCLE = re.compile(r"\n  lifecycle \{.*?\n  \}\n", re.DOTALL)


@pytest.fixture
def stack(folder: Folder) -> Stack:
    """The example `terraform_state`: the real command made the machines, the stack has them, and wants an image."""
    found = engine.find()
    assert found is not None, "no Pulumi engine: run make engine"
    project = folder.path.parent / "example"
    copy_example("terraform_state", project)
    for sub in ("backend", "home"):
        (project / sub).mkdir()
    folder.path = project / "terraform"
    (folder.path.parent / "bin").symlink_to(folder.path.parents[1] / "bin")
    (folder.path.parent / "rc").symlink_to(folder.path.parents[1] / "rc")
    (folder.path / "terraform.tfvars").write_text(VALUES)
    folder.apply()
    stack = Stack(project, folder.cloud, engine.with_language_host(found, ROOT / ".cache" / "engine"), SDKS["newest"])
    stack.environment.update({**folder.environ, "PATH": f"{stack.python}:{stack.engine}:{folder.environ['PATH']}"})
    stack.environment["HOME"] = str(project / "home")
    stack.run("stack", "init", "dev").ok()
    stack.configure(**{"zec:pollInterval": "0.1"})
    stack.run("config", "set", "state", "terraform").ok()
    stack.up().ok()
    stack.run("config", "set", "imageId", NOBLE).ok()
    return stack


def test_the_example_s_own_state_has_nothing_to_do(folder: Folder) -> None:
    """The configuration and the state that the README copies fit the machines of a fresh simulator."""
    source = ROOT / "examples" / "terraform_state" / "terraform"
    shutil.copy(source / "main.tf", folder.path)
    shutil.copy(source / "machines.json", folder.path / "terraform.tfstate")
    (folder.path / "terraform.tfvars").write_text(VALUES)
    assert not folder.changes()
    assert folder.cloud.ledger() == []


def test_the_example_s_own_state_is_what_an_import_writes(folder: Folder) -> None:
    """Every attribute that the stand-in knows has the value that the real provider wrote."""
    source = ROOT / "examples" / "terraform_state" / "terraform"
    shutil.copy(source / "main.tf", folder.path)
    (folder.path / "terraform.tfvars").write_text(VALUES)
    state = json.loads((source / "machines.json").read_text("utf-8"))
    kept = [machine["attributes"] for machine in state["resources"][0]["instances"]]
    for number, attributes in enumerate(kept):
        folder.run("import", f"{INSTANCE}.web[{number}]", attributes["id"])
    folder.apply()
    written = json.loads((folder.path / "terraform.tfstate").read_text("utf-8"))
    imported = [machine["attributes"] for machine in written["resources"][0]["instances"]]
    assert len(imported) == len(kept)
    for ours, real in zip(imported, kept, strict=False):
        assert ours == {name: real[name] for name in ours}
    assert folder.cloud.ledger() == []


def verdict(folder: Folder, stack: Stack) -> list[Finding]:
    """Return what the doctor says of the blocks."""
    return doctor.check(folder.path, "dev", stack.environ(), stack.folder, marks=True)[1:]


def test_the_two_do_not_fight(folder: Folder, stack: Stack) -> None:
    """Ignored: Pulumi rebuilds, and no plan undoes it. Not ignored: an apply reinstalls, and the doctor says so.

    The line that the doctor gives, put where it says, ends the fight.
    """
    stack.up().ok()
    reset = [entry["parameters"]["imageId"] for entry in stack.cloud.ledger() if entry["action"] == "ResetInstance"]
    assert reset == [NOBLE, NOBLE]
    assert not folder.changes()
    assert [finding.level for finding in verdict(folder, stack)] == ["ok"]

    main = folder.path / "main.tf"
    main.write_text(LIFECYCLE.sub("", main.read_text()))
    assert folder.changes()
    finding, tag = verdict(folder, stack)
    assert (finding.level, tag.level) == ("problem", "warning")
    line = finding.fix.partition("`")[2].partition("`")[0]
    without = main.read_text()
    main.write_text(f"{without.rstrip().removesuffix('}')}  {line}\n}}\n")
    assert not folder.changes()
    assert [finding.level for finding in verdict(folder, stack)] == ["ok", "warning"]

    main.write_text(without)
    folder.apply()
    assert stack.actions()[-2:] == ["ResetInstance", "ResetInstance"]
    machines = [stack.cloud.instance(one.id) for one in terraform.instances(folder.path).values()]
    assert {machine["imageId"] for machine in machines} == {JAMMY}
    assert "warning" in stack.preview().ok().text


def marked(stack: Stack) -> list[str]:
    """Return the phases of the markers on the machines."""
    tags = [{tag["key"]: tag["value"] for tag in machine["tags"]} for machine in stack.cloud.instances()]
    return [one[KEY].split(".")[1] for one in tags if KEY in one]


@pytest.mark.parametrize("tags", ["as they are", "none in the configuration"])
def test_the_tag_of_a_rebuild_stays_where_terraform_ignores_it(folder: Folder, stack: Stack, tags: str) -> None:
    """Without the line that the doctor gives, an apply takes it off, and no rebuild comes of that."""
    main = folder.path / "main.tf"
    line = f', tags["{KEY}"]'
    if tags != "as they are":
        main.write_text(re.sub(r"  tags +=.*\n", "", main.read_text()))
        folder.apply()
    before = stack.actions()
    program = stack.folder / "__main__.py"
    program.write_text(program.read_text().replace('adopt="only"', 'adopt="only", rebuild_token="1"'))
    stack.up().ok()
    assert stack.actions()[len(before) :].count("ResetInstance") == 2
    assert marked(stack) == ["done", "done"]
    assert not folder.changes()
    assert [finding.level for finding in verdict(folder, stack)] == ["ok"]

    main.write_text(main.read_text().replace(line, ""))
    assert folder.changes()
    ok, finding = verdict(folder, stack)
    assert (ok.level, finding.level) == ("ok", "warning")
    assert line.removeprefix(", ") in finding.fix
    folder.apply()
    assert marked(stack) == []
    assert not folder.changes()
    before = stack.actions()
    stack.preview("--expect-no-changes").ok()
    stack.up("--refresh").ok()
    assert stack.actions() == before


def test_what_terraform_destroys_the_stack_forgets(folder: Folder, stack: Stack) -> None:
    """One of two: its row goes, and nothing else happens to the other."""
    stack.up().ok()
    before = stack.actions()
    main = folder.path / "main.tf"
    main.write_text(main.read_text().replace("count = 2", "count = 1"))
    folder.apply()
    stack.up().ok()
    assert stack.actions()[len(before) :] == ["ReleaseInstances", "ReleaseInstances"]
    assert "web[1]" not in stack.run("stack", "export").ok().text
    assert not folder.changes()


def test_what_terraform_changes_in_place_is_no_change_here(folder: Folder, stack: Stack) -> None:
    """A name, which the program omits; and what the stack forgets is no change there."""
    stack.up().ok()
    before = stack.actions()
    main = folder.path / "main.tf"
    main.write_text(main.read_text().replace('"web-${', '"www-${'))
    folder.apply()
    assert stack.actions()[len(before) :] == ["ModifyInstancesAttribute"] * 2
    stack.preview("--expect-no-changes").ok()
    stack.destroy().ok()
    assert len(stack.actions()) == len(before) + 2
    assert not folder.changes()


def announced(stack: Stack) -> set[str]:
    """Return the instances whose wipe a preview announces; it repeats a row whenever that has news."""
    return set(re.findall(r"boot disk of (\d+) [^;]* will be wiped", stack.preview().ok().text))


def test_a_machine_that_terraform_adds_or_replaces_is_announced(folder: Folder, stack: Stack) -> None:
    """A new row, and another id in an old one: each runs Terraform's image at first, and is rebuilt once.

    As long as the program says `adopt="only"`, the new machine is refused instead.
    """
    stack.up().ok()
    main = folder.path / "main.tf"
    main.write_text(main.read_text().replace("count = 2", "count = 3"))
    folder.apply()
    assert 'adopt is "only" and the machine differs' in stack.up().failed().text
    program = stack.folder / "__main__.py"
    program.write_text(program.read_text().replace('adopt="only"', 'adopt="auto"'))
    assert len(announced(stack)) == 1
    stack.up().ok()
    assert stack.actions().count("ResetInstance") == 3

    main.write_text(main.read_text().replace("= 40", "= 50"))
    folder.apply()
    assert stack.actions().count("CreateZecInstances") == 6
    assert len(announced(stack)) == 3
    stack.up().ok()
    assert stack.actions().count("ResetInstance") == 6
    assert not folder.changes()
    stack.preview("--expect-no-changes").ok()


def test_a_resource_that_terraform_moves_is_adopted_under_its_new_name(folder: Folder, stack: Stack) -> None:
    """Another address is another record of the same machine: nothing is sent to it."""
    stack.up().ok()
    before = stack.actions()
    main = folder.path / "main.tf"
    kind = "zenlayercloud_zec_instance"
    moved = f"moved {{\n  from = {kind}.web\n  to   = {kind}.www\n}}\n"
    main.write_text(main.read_text().replace(f'"{kind}" "web"', f'"{kind}" "www"') + moved)
    folder.apply()
    assert "www[0] create adopt: already runs" in stack.preview().ok().text
    stack.up().ok()
    assert stack.actions() == before
    assert ".web[0]" not in stack.run("stack", "export").ok().text
