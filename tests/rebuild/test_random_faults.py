"""Random faults on a real socket: what all other tests here judge without one must hold with one."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.programs import JAMMY, NOBLE
from zec_pulumi.api import BearerToken, Endpoint
from zec_pulumi.api.transport import HTTPTransport
from zec_pulumi.planning.backups import ATTEMPT_KEY
from zec_pulumi.simulator import Simulator
from zec_pulumi.time.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rebuild.conftest import StrictStack as Stack
    from zec_pulumi.api import Timeouts
    from zec_pulumi.api.exchange import ApiRequest, HttpResponse

EFFECTS: list[dict[str, Any]] = [
    {"type": "drop"},
    {"type": "drop", "carriedOut": True},
    {"type": "bad_gateway"},
    {"type": "bad_gateway", "carriedOut": True},
    {"type": "empty"},
    {"type": "empty", "carriedOut": True},
    {"type": "truncated"},
    {"type": "rate_limit", "retryAfter": 2},
    {"type": "error", "code": "INTERNAL_SERVER_ERROR", "status": 500},
    {"type": "error", "code": "INTERNAL_SERVER_ERROR", "status": 500, "carriedOut": True},
]
UPS_WITH_FAULTS, UPS_WITHOUT = 4, 3


class Wire(HTTPTransport):
    """The real transport; the judge sees the last body."""

    body = b""

    def send(self, call: ApiRequest, timeouts: Timeouts) -> HttpResponse:
        self.body = call.body
        return super().send(call, timeouts)


@pytest.fixture
def wired(stack: Stack) -> Iterator[Stack]:
    """The stack, with its cloud behind a socket."""
    world = stack.world
    simulator = Simulator(clock="manual")
    simulator._cloud = world.cloud
    with simulator:
        wire = Wire(BearerToken(simulator.token), Endpoint(simulator.host, "http"), SystemClock())
        world.transport = wire  # type: ignore[assignment]
        yield stack
        wire.close()


def failed(stack: Stack, inputs: dict[str, Any]) -> str | None:
    """Run up and return what the user reads when it fails, None when it succeeds."""
    try:
        stack.up(**inputs)
    except stack.Failed as failure:
        return str(failure)
    return None


@pytest.mark.parametrize("seed", range(16))
def test_an_image_change_converges_through_random_faults(wired: Stack, seed: int) -> None:
    """One accepted reset for each rebuild that was asked for, and the machine runs the wanted image in the end.

    Every other one is backed up first, and no attempt makes two images. Where the outcome is not known, up says so,
    and asking again with another token is the way on that it names.
    """
    stack = wired
    chance = random.Random(seed)  # noqa: S311 reproducible on purpose
    stack.up(imageId=JAMMY)
    for effect in chance.sample(EFFECTS, 4):
        stack.sim.add_fault(action="*", probability=0.25, effect=effect)
    asked: dict[str, Any] = {"imageId": NOBLE, "backup": seed % 2 == 0}
    tokens = 0
    for number in range(UPS_WITH_FAULTS + UPS_WITHOUT):
        if number == UPS_WITH_FAULTS:
            stack.sim.clear_faults()
        failure = failed(stack, asked)
        if failure is None:
            break
        assert "a defect" not in failure
        if "change rebuild_token" in failure:
            tokens += 1
            asked["rebuildToken"] = str(tokens)
    assert failure is None
    stack.sim.clear_faults()
    assert (stack.machine()["status"], stack.machine()["imageId"]) == ("RUNNING", NOBLE)
    assert 1 <= stack.actions().count("ResetInstance") <= 1 + tokens
    made = [tag.value for image in stack.world.cloud.images() for tag in image.tags if tag.key == ATTEMPT_KEY]
    assert len(made) == len(set(made)) >= asked["backup"]
    before = stack.actions()
    stack.up(**asked)
    assert stack.actions() == before
