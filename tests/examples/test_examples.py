"""What an example says of itself beyond the commands of its README, which test_readmes runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from driver import ROOT, of_machines

if TYPE_CHECKING:
    from collections.abc import Callable

    from driver import Stack

pytestmark = pytest.mark.engine

JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"


@pytest.mark.slow
def test_quickstart_never_wipes_a_machine_that_it_meets(example: Callable[[str], Stack]) -> None:
    """A new stack that names another image is refused, and says why."""
    stack = example("quickstart")
    stack.run("config", "set", "imageId", NOBLE).ok()
    for ran in (stack.preview().failed(), stack.up().failed()):
        assert f'adopt is "only" and the machine differs: imageId {JAMMY} → {NOBLE}' in ran.text
    assert stack.actions() == []


def test_the_root_project_is_the_quickstart() -> None:
    """The root Pulumi.yaml differs from the example's own by its `main` alone."""
    root = (ROOT / "Pulumi.yaml").read_text().replace("main: examples/quickstart\n", "")
    assert root == (ROOT / "examples" / "quickstart" / "Pulumi.yaml").read_text()


@pytest.mark.slow
def test_a_failure_leaves_the_machines_after_it_alone(example: Callable[[str], Stack]) -> None:
    """The first rebuild fails: batch-1, which comes later, was not asked for."""
    stack = example("several_machines")
    stack.up().ok()
    stack.configure(imageId=NOBLE)
    stack.cloud.add_fault(action="ResetInstance", nth=1, effect={"type": "reinstall_fails"})
    assert "ended in REINSTALL_FAILED" in stack.up().failed().text
    assert {entry["instanceId"][-2:] for entry in of_machines(stack.cloud.ledger())} == {"12"}


@pytest.mark.slow
def test_a_failing_canary_leaves_the_fleet_alone(example: Callable[[str], Stack]) -> None:
    """As the README says: nothing is done to the others."""
    stack = example("fleet")
    stack.up().ok()
    stack.configure(imageId=NOBLE)
    stack.cloud.add_fault(action="ResetInstance", nth=1, effect={"type": "reinstall_fails"})
    assert "ended in REINSTALL_FAILED" in stack.up().failed().text
    assert {entry["instanceId"][-2:] for entry in of_machines(stack.cloud.ledger())} == {"12"}


@pytest.mark.slow
def test_first_boot_script_is_held_back_until_the_protection_is_off(example: Callable[[str], Stack]) -> None:
    """A new generation is refused by `up` as well while protected."""
    stack = example("first_boot_script")
    stack.up().ok()
    assert "rebuild_protection is set" in stack.configure(generation="2").up().failed().text
    assert stack.actions() == []
