"""Whatever a client sends, the answer is one of the cloud's envelopes."""

from __future__ import annotations

import json
import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from zec_pulumi.simulator import default_world
from zec_pulumi.simulator.actions import ACTIONS
from zec_pulumi.simulator.clock import SimulatorClock
from zec_pulumi.simulator.cloud import Cloud, Timing
from zec_pulumi.simulator.dispatch import Arrival, answer
from zec_pulumi.simulator.world import load_seed

SEED = load_seed(default_world())
NAMES = sorted({field.alias or "" for action in ACTIONS.values() for field in action.request.model_fields.values()})
KNOWN = st.sampled_from(
    [
        *("1272168087751233112", "1272168087751233114", "1272168087751233118", "key-YWD2QFOl", "asia-east-1a"),
        *("ubuntu2404_20240712", "windows2022_20240712", "generic_20240712", "Example+123", "UTC", "aGk="),
    ]
)
JSON = st.recursive(
    KNOWN | st.none() | st.booleans() | st.integers() | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(sorted(ACTIONS)), st.dictionaries(st.sampled_from(NAMES), JSON)), max_size=5))
def test_any_parameters_get_an_envelope(requests: list[tuple[tuple[str, str, str], dict[str, Any]]]) -> None:
    """No request is an accident, the answers can be written down, and no secret stands in ledger or message."""
    cloud = Cloud(SEED, SimulatorClock("manual"), Timing(), actions=[])
    for (service, version, action), body in requests:
        headers = {
            "authorization": f"Bearer {SEED.tokens[0]}",
            "content-type": "application/json",
            "x-zc-action": action,
            "x-zc-version": version,
        }

        given_answer = answer(Arrival("POST", service, headers, json.dumps(body).encode()), cloud, [])

        assert given_answer.status in {200, 400, 403, 404}
        json.dumps(given_answer.body)
        if given_answer.code is not None:
            assert given_answer.body.keys() == {"requestId", "code", "message"}
        cloud.clock.advance(3)
    for entry in cloud.ledger.entries():
        assert all(entry["parameters"].get(name, "***") == "***" for name in ("password", "userData"))


def test_unencodable_text_is_answered(api: Any) -> None:
    """A lone surrogate is refused like any other unknown id, and can be read in the log of requests."""
    body = b'{"instanceIds": ["\\ud800"]}'

    assert api.post("StopInstances", body).json()["code"] == "INVALID_INSTANCE_NOT_FOUND"
    log = api.session.get(f"{api.sim.url}/_simulator/requests", timeout=10).json()
    assert log[0]["instanceIds"] == ["\ud800"]


def test_thousands_of_machines_are_read_quickly() -> None:
    """A page of a thousand of five thousand machines takes well under a second."""
    world = default_world()
    machine = world["instances"][0]
    world["instances"] = [{**machine, "instanceId": str(10**18 + number)} for number in range(5000)]
    cloud = Cloud(load_seed(world), SimulatorClock("manual"), Timing(), actions=[])
    headers = {
        "authorization": f"Bearer {SEED.tokens[0]}",
        "content-type": "application/json",
        "x-zc-action": "DescribeInstances",
        "x-zc-version": "2025-09-01",
    }
    began = time.monotonic()

    given_answer = answer(Arrival("POST", "zec", headers, b'{"pageSize": 1000}'), cloud, [])

    assert len(given_answer.body["response"]["dataSet"]) == 1000
    assert time.monotonic() - began < 1
