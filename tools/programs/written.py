"""What hypothesis writes: programs, edits of them, what somebody does to the machine, and settings of every kind."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from programs.program import Gates, Given, How, Packed, Program, Served, Setting
from tests.support.programs import DEBIAN, JAMMY, KEY, NOBLE, OTHER_KEY, PASSWORDS, RETIRED, SCRIPTS

if TYPE_CHECKING:
    from collections.abc import Mapping

_ONE, _OTHER = SCRIPTS
_ENCODED = base64.b64encode(_ONE.encode()).decode()
_COMMAND = {"kind": "command", "command": ["true"], "successes": 1}

VALUES: dict[str, list[Any]] = {
    "imageId": [NOBLE, JAMMY, DEBIAN, NOBLE, JAMMY, RETIRED, "Ubuntu Server 24.04 LTS"],
    "keyId": [OTHER_KEY, KEY, OTHER_KEY, KEY, "ops"],
    "password": [*PASSWORDS],
    "userData": ["", _ONE, _OTHER, Packed(_ONE, "mime"), Packed(_OTHER, "mime")],
    "userDataBase64": ["", _ENCODED, Packed(_ONE, "gzip"), Packed(_OTHER, "gzip")],
    "timezone": ["UTC", "Asia/Shanghai", "Mars/Olympus"],
    "enableAgent": [True, False],
    "instanceName": ["web-1", "front"],
    "rebuildToken": ["", "one", "two"],
    "rebuildOn": [
        (),
        ("timezone",),
        ("enableAgent", "password"),
        ("password", "enable_agent"),
        ("timezone", "password"),
    ],
    "rebuildProtection": [False, True],
    "adopt": ["auto", "only", "never"],
    "powerOff": ["graceful", "force"],
    "health": [_COMMAND],
    "backup": [False, True, {"keep": 2}],
}
"""Few values of each input, so that programs come back to what was there before."""

IGNORED: list[tuple[str, ...]] = [
    ("*",),
    ("image_id",),
    ("imageId", "keyId"),
    ("user_data", "userDataBase64"),
    ("rebuild_token", "instance_name"),
    ("timezone", "rebuildOn", "enable_agent"),
    ("adopt", "rebuildProtection"),
    ("instanceId",),
]

DRIFT: list[dict[str, Any]] = [
    {"imageId": DEBIAN},
    {"imageId": JAMMY},
    {"keyId": OTHER_KEY},
    {"keyId": None},
    {"timeZone": "UTC"},
    {"enableAgent": False},
    {"instanceName": "mine"},
    {"status": "STOPPED"},
    {"status": "RUNNING"},
    {"status": "REINSTALL_FAILED"},
    {"imageId": DEBIAN, "keyId": OTHER_KEY, "instanceName": "mine"},
]
"""What somebody does to the machine."""

UNDER_WAY: list[dict[str, Any]] = [
    {
        "status": "DEPLOYING",
        "pending": {"becomes": "RUNNING", "afterSeconds": 50, "changes": {"imageId": DEBIAN, "keyId": OTHER_KEY}},
    },
    {"status": "NEW_STATUS", "pending": {"becomes": "RUNNING", "afterSeconds": 90}},
    {"status": "STOPPING", "pending": {"becomes": "STOPPED", "afterSeconds": 30}},
    {"status": "REBUILDING", "pending": {"becomes": "RUNNING", "afterSeconds": 50, "changes": {"imageId": JAMMY}}},
    {"status": "REBUILDING", "pending": {"becomes": "REINSTALL_FAILED", "afterSeconds": 50}},
]
"""What is still under way when the program is previewed."""

OPEN: list[Setting] = [
    Setting({}),
    Setting({"zec:allowRebuild": "true"}),
    Setting({"zec:requireApproval": "False", "zec:pollInterval": "1"}),
]
CLOSED: list[Setting] = [
    Setting(values, closed=True)
    for values in (
        {"zec:allowRebuild": "false"},
        {"zec:allowRebuild": ""},
        {"zec:allowRebuild": "no"},
        {"zec:allowrebuild": "false"},
        {"zec:requireApprovals": "true"},
        {"zec:requireApproval": ""},
        {"zec:requireApproval": "[secret]"},
        {"zec:allowedCauses": ""},
        {"zec:allowedCauses": "image_id"},
        {"zec:allowedCauses": '["imageId", 1]'},
        {"zec:approvedRebuilds": "yes"},
        {"zec:allowRebuild ": "true"},
    )
]
CAUSES: list[Setting] = [
    Setting({"zec:allowedCauses": text}, allowed=frozenset(allowed))
    for text, allowed in (
        ("[]", ()),
        ("imageId", ("imageId",)),
        ('["keyId", "userData"]', ("keyId", "userData")),
        ("imageId, rebuildToken adopt", ("imageId", "rebuildToken", "adopt")),
        ("rebuildToken userData userData", ("rebuildToken", "userData")),
    )
]
APPROVAL: list[Setting] = [
    Setting({"zec:requireApproval": "true"}, approval=True),
    Setting({"zec:requireApproval": " TRUE "}, approval=True),
    Setting(
        {"zec:requireApproval": "true", "zec:allowedCauses": "imageId userData"},
        allowed=frozenset({"imageId", "userData"}),
        approval=True,
    ),
]
STRIKES = ["killed after ResetInstance", "killed returned", "cancelled after ResetInstance"]

TOKENS = ["none", "shown", "shown", "shown", "shown and kept", "kept", "used", "used", "foreign", "masked"]
"""Which approvals the stack holds: that of this plan, those of earlier plans, those used, another stack's."""


@dataclass(frozen=True)
class Round:
    """What happens before a program is previewed, reported and brought up; and the program's edit.

    ``first`` is what the user does before: nothing, a refresh, a destroy, a rename. ``struck`` says that the
    first up is killed or cancelled, and where.
    """

    drift: Mapping[str, Any] | None
    first: str | None
    changes: Mapping[str, Given | None]
    ignored: tuple[str, ...]
    gates: Gates
    tokens: str
    struck: str | None


@dataclass(frozen=True)
class Life:
    """A machine as it is found, and what one stack does with it."""

    found: Mapping[str, Any] | None
    program: Program
    rounds: tuple[Round, ...]


def _given(key: str) -> st.SearchStrategy[Given]:
    hows = [How.PLAIN] * 5 + [How.SECRET, How.UNKNOWN] + ([How.INSIDE] if key == "rebuildOn" else [])
    return st.builds(Given, st.sampled_from(VALUES[key]), st.sampled_from(hows))


_GIVEN = {key: _given(key) for key in VALUES}
_OFTEN = [*["imageId", "rebuildToken", "keyId", "userData"] * 3, *VALUES]
_INSTANCE = st.sampled_from([How.PLAIN] * 9 + [How.UNKNOWN])


def _edits(*always: str) -> st.SearchStrategy[dict[str, Given | None]]:
    def of(keys: list[str]) -> st.SearchStrategy[dict[str, Given | None]]:
        return st.fixed_dictionaries(
            {key: st.one_of(*[_GIVEN[key]] * 4, st.none()) for key in dict.fromkeys([*always, *keys])}
        )

    return st.lists(st.sampled_from(_OFTEN), min_size=1, max_size=3, unique=True).flatmap(of)


def _settings(*, own: bool) -> st.SearchStrategy[Setting]:
    kinds = [OPEN] * 4 + [CLOSED, CAUSES, APPROVAL] + ([] if own else [APPROVAL] * 3)
    return st.sampled_from(kinds).flatmap(st.sampled_from)


def _drift() -> st.SearchStrategy[dict[str, Any] | None]:
    return st.one_of(st.none(), st.none(), st.sampled_from(DRIFT), st.sampled_from(UNDER_WAY))


def gates() -> st.SearchStrategy[Gates]:
    """Return settings of every kind, of the stack and of an explicit provider."""
    return st.builds(
        Gates,
        stack=_settings(own=False),
        own=_settings(own=True),
        served=st.sampled_from([Served.DEFAULT, Served.DEFAULT, Served.BARE, Served.ALIKE]),
        sent=st.sampled_from([True] * 12 + [False]),
        masked=st.sampled_from([None] * 6 + ["1272168087751233112", "dev", KEY]),
    )


def rounds() -> st.SearchStrategy[Round]:
    """Return what happens before and in one preview and up."""
    return st.builds(
        Round,
        drift=_drift(),
        first=st.sampled_from([None] * 5 + ["refresh", "destroy", "rename"]),
        changes=_edits(),
        ignored=st.one_of(*[st.just(())] * 4, st.sampled_from(IGNORED)),
        gates=gates(),
        tokens=st.sampled_from(TOKENS),
        struck=st.sampled_from([None] * 9 + STRIKES),
    )


def lives() -> st.SearchStrategy[Life]:
    """Return a machine, a program, and up to four rounds."""
    instance = st.fixed_dictionaries({"instanceId": st.builds(Given, st.just("1272168087751233112"), _INSTANCE)})
    inputs = st.tuples(instance, _edits("imageId")).map(lambda both: {**both[0], **both[1]})
    known = inputs.map(lambda some: {key: one for key, one in some.items() if one is not None})
    return st.builds(
        Life,
        found=_drift(),
        program=st.builds(Program, known),
        rounds=st.lists(rounds(), min_size=2, max_size=4).map(tuple),
    )
