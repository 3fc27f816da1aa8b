"""What can go wrong: faults of requests, places where a run can be struck, and changes by hand."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.support.programs import DEBIAN, JAMMY, NOBLE, OTHER_KEY

MUTATIONS = (
    "StopInstances",
    "ResetInstance",
    "StartInstances",
    "ResetInstancePassword",
    "ModifyInstancesAttribute",
    "ModifyResourceTags",
    "CreateImage",
    "DeleteImages",
)
READS = (
    "DescribeInstances",
    "DescribeInstancesStatus",
    "DescribeImages",
    "DescribeKeyPairs",
    "DescribeResourceTags",
    "DescribeCustomImages",
)

PLACES = [
    "",
    "row",
    "sleep",
    "journal",
    "before StopInstances",
    "after StopInstances",
    "before ResetInstance",
    "after ResetInstance",
    "after ResetInstance",
    "before CreateImage",
    "after CreateImage",
    "row making a backup",
    "row backup",
    "row instance",
    "before DeleteImages",
    "after DeleteImages",
    "before ModifyResourceTags",
    "after ModifyResourceTags",
    "before Describe",
    "after DescribeInstancesStatus",
    "returned",
]

_ANYWHERE: list[dict[str, Any]] = [
    {"type": "drop"},
    {"type": "bad_gateway"},
    {"type": "empty"},
    {"type": "truncated"},
    {"type": "trickle", "seconds": 0.02},
    {"type": "trickle", "seconds": 5.0},
    {"type": "rate_limit", "retry_after": 3},
    {"type": "challenge"},
    {"type": "blocked"},
    {"type": "redirect", "location": "https://example.com/"},
    {"type": "error", "code": "INTERNAL_SERVER_ERROR", "status": 500},
    {"type": "error", "code": "REQUEST_TIMED_OUT", "status": 504},
    {"type": "error", "code": "AUTHFAILURE_SIGNATURE_EXPIRED", "status": 401},
    {"type": "error", "code": "UNSUPPORTED_OPERATION_INSTANCE_STATUS", "status": 400},
    {"type": "error", "code": "SOMETHING_NEW", "status": 400},
]
# A refusal with 4xx was not carried out; where even that were a lie, nothing could be known.
_CARRIED_OUT = [
    {**effect, "carriedOut": True}
    for effect in _ANYWHERE
    if effect["type"] in ("drop", "bad_gateway", "empty") or effect.get("status", 0) >= 500
]
_OF_READS: list[dict[str, Any]] = [*({"type": "lag", "reads": reads} for reads in (1, 2, 4)), {"type": "missing"}]
_OF_RESETS: list[dict[str, Any]] = [{"type": "reinstall_fails"}, {"type": "never_ends"}]
_OF_IMAGES: list[dict[str, Any]] = [{"type": "image_fails"}, {"type": "never_ends"}]
_OF_POWER: list[dict[str, Any]] = [{"type": "fail_ids"}, {"type": "never_ends"}]
_OF_ONE: dict[str, list[dict[str, Any]]] = {
    "ResetInstance": _OF_RESETS,
    "StopInstances": _OF_POWER,
    "StartInstances": _OF_POWER,
    "CreateImage": _OF_IMAGES,
    "DeleteImages": [{"type": "fail_ids"}],
    "DescribeInstances": _OF_READS,
    "DescribeInstancesStatus": _OF_READS,
    "DescribeImages": [{"type": "image_missing"}],
    "DescribeCustomImages": [{"type": "image_missing"}],
}

BY_HAND: list[dict[str, Any]] = [
    {"imageId": DEBIAN},
    {"keyId": OTHER_KEY},
    {"status": "STOPPED"},
    {"status": "RUNNING"},
    {"status": "RUNNING", "imageId": JAMMY},
    {"status": "NEW_STATUS", "pending": {"becomes": "RUNNING", "afterSeconds": 90}},
    {
        "status": "DEPLOYING",
        "pending": {"becomes": "RUNNING", "afterSeconds": 120, "changes": {"imageId": NOBLE}},
    },
]


def faults() -> st.SearchStrategy[dict[str, Any]]:
    """Return fault rules for the actions that the provider uses."""
    of_mutations = st.one_of(*(_rule(action, _effects(action), first=True) for action in MUTATIONS))
    of_reads = st.one_of(*(_rule(action, _effects(action), first=False) for action in READS))
    return st.one_of(of_mutations, of_mutations, of_reads)


def _rule(action: str, effects: list[dict[str, Any]], *, first: bool) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "action": st.just(action),
            "nth": st.just(1) if first else st.integers(1, 8),
            "times": st.sampled_from([1, 1, 2, 6]),
            "effect": st.sampled_from(effects),
        }
    )


def _effects(action: str) -> list[dict[str, Any]]:
    return [*_ANYWHERE, *(_CARRIED_OUT if action in MUTATIONS else []), *_OF_ONE.get(action, [])]
