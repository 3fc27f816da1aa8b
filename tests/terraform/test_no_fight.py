"""What the page tells of Terraform and Pulumi on the same machines, with the real commands of both.

The provider is a stand-in, as in test_real_command.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

import engine
from driver import ROOT, SDKS, Stack
from zec_pulumi import terraform
from zec_pulumi.doctor import terraform as doctor

if TYPE_CHECKING:
    from terraform_driver import Folder
    from zec_pulumi.doctor.finding import Finding

pytestmark = [pytest.mark.slow, pytest.mark.engine, pytest.mark.xdist_group("opentofu")]

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
LIFECYCLE = re.compile(r"\n  lifecycle \{.*?\n  \}\n", re.DOTALL)


@pytest.fixture
def stack(folder: Folder) -> Stack:
    """The example `terraform_state`, whose machines the real command has created, and its stack."""
    found = engine.find()
    assert found is not None, "no Pulumi engine: run make engine"
    project = folder.path.parent / "example"
    shutil.copytree(ROOT / "examples" / "terraform_state", project)
    for sub in ("backend", "home"):
        (project / sub).mkdir()
    folder.path = project / "terraform"
    (folder.path.parent / "bin").symlink_to(folder.path.parents[1] / "bin")
    (folder.path.parent / "rc").symlink_to(folder.path.parents[1] / "rc")
    values = 'subnet_id = "subnet-0001"\nkey_id    = "key-YWD2QFOl"\n'
    (folder.path / "terraform.tfvars").write_text(values)
    folder.apply()
    stack = Stack(project, folder.cloud, engine.with_language_host(found, ROOT / ".cache" / "engine"), SDKS["newest"])
    stack.environment.update({**folder.environ, "PATH": f"{stack.python}:{stack.engine}:{folder.environ['PATH']}"})
    stack.environment["HOME"] = str(project / "home")
    stack.run("stack", "init", "dev").ok()
    stack.configure(**{"zec:pollInterval": "0.1"})
    stack.run("config", "set", "state", "terraform").ok()
    return stack


def verdict(folder: Folder, stack: Stack) -> list[Finding]:
    """Return what the doctor says of the blocks."""
    return doctor.look(folder.path, "dev", stack.environ(), stack.folder)[1:]


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
    (finding,) = verdict(folder, stack)
    assert finding.level == "problem"
    line = finding.fix.partition("`")[2].partition("`")[0]
    without = main.read_text()
    main.write_text(f"{without.rstrip().removesuffix('}')}  {line}\n}}\n")
    assert not folder.changes()
    assert [finding.level for finding in verdict(folder, stack)] == ["ok"]

    main.write_text(without)
    folder.apply()
    assert stack.actions()[-2:] == ["ResetInstance", "ResetInstance"]
    machines = [stack.cloud.instance(one.id) for one in terraform.instances(folder.path).values()]
    assert {machine["imageId"] for machine in machines} == {JAMMY}
    assert "warning" in stack.preview().ok().text


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
