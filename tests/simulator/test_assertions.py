"""What a failing assertion about the ledger says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from zec_pulumi.simulator import assert_mutations, assert_rebuilt, assert_untouched

if TYPE_CHECKING:
    from zec_pulumi.simulator import Simulator

WEB_1, WEB_2, BATCH_1 = "1272168087751233112", "1272168087751233113", "1272168087751233114"
IMAGE = "debian12_20240712"


@pytest.fixture
def rebuilt(sim: Simulator, api: Any) -> Simulator:
    """A cloud in which batch-1 was rebuilt."""
    api.ok("ResetInstance", instanceId=BATCH_1, keyId="key-YWD2QFOl", imageId=IMAGE, userData="aGk=")
    sim.settle()
    return sim


def test_what_holds_is_silent(rebuilt: Simulator) -> None:
    """All three, in their forms."""
    assert_rebuilt(rebuilt, BATCH_1)
    assert_rebuilt(rebuilt, BATCH_1, image_id=IMAGE, times=1)
    assert_rebuilt(rebuilt, WEB_1, times=0)
    assert_mutations(rebuilt, BATCH_1, "ResetInstance")
    assert_mutations(rebuilt, WEB_1)
    assert_untouched(rebuilt, WEB_1, WEB_2)
    rebuilt.reset()
    assert_untouched(rebuilt)


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        (assert_untouched, "the cloud: expected to be untouched, but the ledger has:"),
        (lambda sim: assert_untouched(sim, WEB_1, BATCH_1), "web-1 (ID), batch-1 (ID): expected to be untouched, but"),
        (lambda sim: assert_mutations(sim, BATCH_1), "batch-1 (ID): expected nothing, but the ledger has:"),
        (lambda sim: assert_mutations(sim, BATCH_1, "StopInstances"), "batch-1 (ID): expected StopInstances, but"),
        (lambda sim: assert_rebuilt(sim, BATCH_1, times=2), "batch-1 (ID): expected 2 rebuilds, found 1 rebuild;"),
        (lambda sim: assert_rebuilt(sim, BATCH_1, image_id="x"), f"batch-1 (ID): runs {IMAGE} and not x;"),
    ],
)
def test_what_does_not_hold_shows_what_was_done(rebuilt: Simulator, claim: Any, sentence: str) -> None:
    """A sentence with the machine's name, and the entries, without their secrets."""
    with pytest.raises(AssertionError) as caught:
        claim(rebuilt)

    first, entry = str(caught.value).splitlines()
    assert re.sub(r"\d{19}", "ID", first).startswith(sentence)
    assert f"1 ResetInstance {BATCH_1}" in entry
    assert "'userData': '***'" in entry


def test_machine_that_is_gone_is_named_by_its_id(rebuilt: Simulator) -> None:
    """Its entries are still there."""
    rebuilt.delete_instance(BATCH_1)

    with pytest.raises(AssertionError, match=r"1272168087751233114 \(gone\): expected nothing"):
        assert_mutations(rebuilt, BATCH_1)


def test_rebuild_that_has_not_ended_is_none(sim: Simulator, api: Any) -> None:
    """Nor one that failed."""
    sim.add_fault(action="ResetInstance", nth=1, effect={"type": "reinstall_fails"})
    api.ok("ResetInstance", instanceId=BATCH_1, keyId="key-YWD2QFOl")

    with pytest.raises(AssertionError, match="is DEPLOYING and not RUNNING"):
        assert_rebuilt(sim, BATCH_1)
    sim.settle()
    with pytest.raises(AssertionError, match="is REINSTALL_FAILED and not RUNNING"):
        assert_rebuilt(sim, BATCH_1)
