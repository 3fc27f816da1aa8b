"""The provider's contract with every stack's state, and with programs that must start fast."""

from __future__ import annotations

import base64
import subprocess
import sys
from typing import TYPE_CHECKING

import dill  # type: ignore[import-untyped]
import pytest

if TYPE_CHECKING:
    from pulumi.dynamic import ResourceProvider

from zec_pulumi.fleet_provider import FleetPlanProvider
from zec_pulumi.provider import InstanceOsImageProvider

RECORDED: dict[type[ResourceProvider], str] = {
    InstanceOsImageProvider: "gASVNgAAAAAAAACME3plY19wdWx1bWkucHJvdmlkZXKUjBdJbnN0YW5jZU9zSW1hZ2VQcm92aWRlcpSTlCmBlC4=",
    FleetPlanProvider: "gASVNgAAAAAAAACMGXplY19wdWx1bWkuZmxlZXRfcHJvdmlkZXKUjBFGbGVldFBsYW5Qcm92aWRlcpSTlCmBlC4=",
}
"""What stands in the state of every stack: never to be adapted to the code."""


@pytest.mark.parametrize("kind", RECORDED)
def test_the_provider_pickles_to_what_every_stack_holds(kind: type[ResourceProvider]) -> None:
    """By reference and without state: another value would show as a change in every stack."""
    pickled = dill.dumps(kind(), protocol=4, recurse=True)
    assert base64.b64encode(pickled).decode() == RECORDED[kind]


@pytest.mark.parametrize("kind", RECORDED)
def test_what_every_stack_holds_is_still_the_provider(kind: type[ResourceProvider]) -> None:
    """The engine unpickles it for refresh and destroy, without the program."""
    assert type(dill.loads(base64.b64decode(RECORDED[kind]))) is kind  # noqa: S301 our own constant


@pytest.mark.parametrize("kind", RECORDED)
def test_the_provider_holds_nothing(kind: type[ResourceProvider]) -> None:
    """State would be pickled into every stack, secrets included."""
    assert vars(kind()) == {}


@pytest.mark.parametrize("kind", [InstanceOsImageProvider, FleetPlanProvider])
def test_the_pickled_provider_is_no_secret(kind: type[InstanceOsImageProvider | FleetPlanProvider]) -> None:
    """It holds none, and as a secret it would be encrypted anew with every up."""
    assert kind().serialize_as_secret_always is False


def test_the_plan_of_a_fleet_never_changes() -> None:
    """Nothing of it is recorded, so there is nothing to update."""
    plan = FleetPlanProvider()
    assert plan.diff("fleet", {}, {"fleet": "x"}).changes is False
    assert plan.create({"fleet": "x", "members": "y"}).outs == {}


def test_delete_needs_no_cloud() -> None:
    """A forced replace deletes the same id after creating it; here nothing is configured, so nothing can be asked."""
    InstanceOsImageProvider().delete("1", {"instanceId": "1", "attempt": {"id": "a"}})


@pytest.mark.parametrize("module", ["requests", "pydantic", "zec_pulumi.operations.context"])
def test_a_program_does_not_load_what_only_the_plugin_needs(module: str) -> None:
    """It describes resources and calls nothing."""
    program = f"import sys, zec_pulumi; zec_pulumi.Fleet; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_health_gate_is_described_without_what_probes_it() -> None:
    """Programs only describe."""
    program = "import sys, zec_pulumi; zec_pulumi.health.tcp(22); print({'pulumi', 'ssl', 'pydantic'} & {*sys.modules})"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "set()"


def test_the_api_client_and_the_simulator_need_no_pulumi() -> None:
    """They are usable where Pulumi is not, and start fast."""
    program = "import sys, zec_pulumi.api, zec_pulumi.simulator; print('pulumi' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "False"
