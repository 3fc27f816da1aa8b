"""What the network and a struggling service may do, judged by the simulator's ledger and request list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from zec_pulumi.api import (
    AnswerLostError,
    ApiError,
    BlockedError,
    RateLimitError,
    ResetInstanceRequest,
    ServerError,
    ZecError,
)
from zec_pulumi.time.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from zec_pulumi.api import Client
    from zec_pulumi.simulator import Simulator

STOPPED = "1272168087751233114"
REQUEST = ResetInstanceRequest(
    instance_id=STOPPED,
    enable_agent=True,
    image_id="ubuntu2404_20240712",
    password="S3cret+Passwd",
    user_data=b"#!/bin/sh\necho first-boot-secret\n",
)

FAULTS: list[tuple[dict[str, Any], type[ZecError], bool]] = [
    ({"type": "drop"}, AnswerLostError, True),
    ({"type": "drop", "carriedOut": True}, AnswerLostError, True),
    ({"type": "delay", "seconds": 0.5, "carriedOut": True}, AnswerLostError, True),
    ({"type": "empty"}, AnswerLostError, True),
    ({"type": "empty", "carriedOut": True}, AnswerLostError, True),
    ({"type": "truncated"}, AnswerLostError, True),
    ({"type": "trickle", "seconds": 0.5}, AnswerLostError, True),
    ({"type": "bad_gateway"}, AnswerLostError, True),
    ({"type": "bad_gateway", "carriedOut": True}, AnswerLostError, True),
    ({"type": "redirect", "location": "https://elsewhere.example/api", "status": 307}, AnswerLostError, True),
    (
        {"type": "error", "code": "INTERNAL_SERVER_ERROR", "status": 500, "carriedOut": True},
        ServerError,
        True,
    ),
    ({"type": "error", "code": "SERVICE_TEMPORARY_UNAVAILABLE", "status": 503}, ServerError, True),
    ({"type": "error", "code": "REQUEST_TIMED_OUT", "status": 504, "carriedOut": True}, ServerError, True),
    ({"type": "error", "code": "SOMETHING_NEW", "status": 400}, ApiError, False),
    ({"type": "rate_limit", "retryAfter": 0}, RateLimitError, False),
    ({"type": "challenge"}, BlockedError, False),
    ({"type": "blocked"}, BlockedError, False),
]


@pytest.mark.parametrize(("effect", "kind", "open_outcome"), FAULTS)
def test_a_mutation_is_never_sent_again_and_its_error_never_claims_too_much(
    client: Client,
    sim: Simulator,
    clock: Any,
    actions: Callable[[], list[str]],
    effect: dict[str, Any],
    kind: type[ZecError],
    open_outcome: bool,  # noqa: FBT001 -- a table's column
) -> None:
    sim.add_fault(action="ResetInstance", effect=effect)

    with pytest.raises(kind) as caught:
        client.reset_instance(REQUEST)

    assert actions().count("ResetInstance") == 1
    assert clock.slept == []
    assert caught.value.may_have_been_carried_out is open_outcome
    assert len(sim.ledger()) == 0 or open_outcome


@pytest.mark.parametrize(
    "effect",
    [
        {"type": "drop"},
        {"type": "delay", "seconds": 0.5, "carriedOut": True},
        {"type": "empty"},
        {"type": "truncated"},
        {"type": "bad_gateway"},
        {"type": "error", "code": "SERVICE_TEMPORARY_UNAVAILABLE", "status": 503},
        {"type": "error", "code": "INTERNAL_SERVER_ERROR", "status": 500},
        {"type": "error", "code": "REQUEST_LIMIT_EXCEEDED", "status": 400},
        {"type": "rate_limit", "retryAfter": None},
    ],
)
def test_a_read_outlasts_faults_that_pass(
    client: Client, sim: Simulator, actions: Callable[[], list[str]], effect: dict[str, Any]
) -> None:
    sim.add_fault(action="DescribeInstancesStatus", nth=1, times=2, effect=effect)

    assert client.describe_instances_status([STOPPED]) == {STOPPED: "STOPPED"}
    assert len(actions()) == 3


@pytest.mark.parametrize(
    "effect",
    [
        {"type": "challenge"},
        {"type": "blocked"},
        {"type": "redirect", "location": "https://elsewhere.example/"},
        {"type": "error", "code": "MISSING_PARAMETER", "status": 400},
        {"type": "error", "code": "AUTHFAILURE_UNAUTHORIZED_OPERATION", "status": 403},
    ],
)
def test_a_read_is_not_repeated_where_that_cannot_help(
    client: Client, sim: Simulator, actions: Callable[[], list[str]], effect: dict[str, Any]
) -> None:
    sim.add_fault(action="*", effect=effect)

    with pytest.raises(ZecError):
        client.describe_zones()
    assert len(actions()) == 1


def test_retry_after_is_obeyed(client: Client, sim: Simulator, clock: Any) -> None:
    sim.add_fault(action="*", nth=1, effect={"type": "rate_limit", "retryAfter": 17})

    client.describe_zones()

    assert clock.slept == [17.25]


def test_a_read_gives_up_at_the_deadline_of_the_call(client: Client, sim: Simulator, clock: Any) -> None:
    sim.add_fault(action="*", effect={"type": "bad_gateway"})

    with pytest.raises(AnswerLostError, match="HTTP 502"):
        client.within(Deadline(clock, 5)).describe_instances_status(["1272168087751233112"])
    assert 2 < sum(clock.slept) < 5


def test_a_redirect_names_the_other_host(client: Client, sim: Simulator) -> None:
    sim.add_fault(action="*", effect={"type": "redirect", "location": "https://elsewhere.example/x"})

    with pytest.raises(AnswerLostError, match=r"elsewhere\.example; redirects are not followed"):
        client.describe_zones()
