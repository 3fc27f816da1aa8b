"""A reset whose answer was lost, of a change that nothing shows: only a person can say what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.rebuild.conftest import StrictStack as Stack
    from zec_pulumi.journal.journal import Event

JAMMY, SCRIPT = "ubuntu2204_20240712", "#!/bin/sh\necho first\n"
WEB = "1272168087751233112"
REBUILD = ["StopInstances", "ResetInstance"]


def lose_the_outcome(stack: Stack) -> str:
    """Let an up lose the answer, and read again only when the reinstall is done; return the attempt's id."""
    stack.up(imageId=JAMMY)
    stack.sim.add_fault(action="ResetInstance", nth=1, effect={"type": "drop", "carriedOut": True})
    stack.sim.add_fault(action="DescribeInstancesStatus", nth=3, times=20, effect={"type": "bad_gateway"})
    with pytest.raises(stack.Failed, match="nothing the API shows tells") as caught:
        stack.up(imageId=JAMMY, userData=SCRIPT)
    attempt_id: str = stack.outputs["attempt"]["id"]
    assert stack.outputs["attempt"]["outcome"] == "unknown"
    assert f"`zec-pulumi attempts close {attempt_id} --rebuilt`" in str(caught.value)
    return attempt_id


def close(stack: Stack, attempt_id: str, event: Event) -> None:
    """Say what became of it, as the command does."""
    stack.journal.note(WEB, attempt_id, event)


def test_it_is_recorded_once_a_person_says_that_it_was_rebuilt(stack: Stack) -> None:
    """Nothing is wiped again, and the attempt is the resource's last rebuild."""
    attempt_id = lose_the_outcome(stack)
    close(stack, attempt_id, "closed-rebuilt")
    stack.up(imageId=JAMMY, userData=SCRIPT)
    assert "attempt" not in stack.outputs
    assert stack.outputs["lastRebuild"]["attemptId"] == attempt_id
    stack.up(imageId=JAMMY, userData=SCRIPT)
    assert stack.actions() == REBUILD


@pytest.mark.parametrize("event", ["closed-not-rebuilt", None])
def test_it_stays_open_while_nobody_says_that_it_was_rebuilt(stack: Stack, event: Event | None) -> None:
    """As often as up runs: each time the sentence names both ways out, and the answer can still be given."""
    attempt_id = lose_the_outcome(stack)
    if event:
        close(stack, attempt_id, event)
    for _ in range(2):
        with pytest.raises(stack.Failed, match=r"attempts close .* --rebuilt.* change rebuild_token"):
            stack.up(imageId=JAMMY, userData=SCRIPT)
    assert stack.actions() == REBUILD
    close(stack, attempt_id, "closed-rebuilt")
    stack.up(imageId=JAMMY, userData=SCRIPT)
    assert stack.actions() == REBUILD


def test_a_new_token_asks_for_the_rebuild_that_did_not_happen(stack: Stack) -> None:
    """The other way out: one more rebuild, and nothing is left open."""
    lose_the_outcome(stack)
    stack.up(imageId=JAMMY, userData=SCRIPT, rebuildToken="again")
    assert stack.actions() == REBUILD * 2
    assert "attempt" not in stack.outputs
