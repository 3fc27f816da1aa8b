"""Programs for the real engine: several resources each, with resource options; previewed, brought up, and judged."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.support.programs import DEBIAN, JAMMY, KEY, NOBLE, OTHER_KEY, SCRIPTS
from zec_pulumi.cli.report import Action, Approval, FailOn, Report, read, report_of

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

    from driver import Stack

MACHINES = {
    "1272168087751233112": JAMMY,
    "1272168087751233113": NOBLE,
    "1272168087751233114": JAMMY,
    "1272168087751233119": "rocky9_20240712",
    "1272168087751233120": DEBIAN,
}
"""Machines that run, and one that is off, with the images they run."""

NO_KEY = "1272168087751233119"
"""The one among them that has no key in the seed, so that no other image goes onto it; it gets one."""

FLEET = {"fleet-a": "1272168087751233121", "fleet-b": "1272168087751233122"}
FLEET_IMAGES = ("custom-fra0Db41", "rocky8_lax_20240712")

VALUES: dict[str, list[Any]] = {
    "image_id": [NOBLE, JAMMY, DEBIAN],
    "key_id": [OTHER_KEY, KEY],
    "user_data": ["", *SCRIPTS],
    "user_data_base64": ["#!/bin/sh\n# packed-one\n", "#!/bin/sh\n# packed-two\n"],
    "rebuild_token": ["", "one", "two"],
    "rebuild_on": [["timezone"], ["enable_agent", "timezone"]],
    "instance_name": ["front", "back"],
    "rebuild_protection": [False, True],
    "adopt": ["auto", "never"],
    "power_off": ["force"],
}
"""Of ``user_data_base64`` the script, which the program packs with gzip at every run."""

HOWS = ["plain"] * 4 + ["output", "secret", "unknown"]
IGNORED = [["*"], ["image_id"], ["imageId", "key_id"], ["user_data", "rebuildToken"], ["instance_id"]]
OPTIONS: list[dict[str, Any]] = [
    *({"plain": {"ignore_changes": names}} for names in IGNORED),
    {"plain": {"replace_on_changes": ["imageId"]}},
    {"plain": {"additional_secret_outputs": ["image_id", "lastRebuild"]}},
    {"plain": {"protect": True}},
    {"plain": {"delete_before_replace": True, "retain_on_delete": True}},
    {"transform": "drops"},
    {"transform": "same"},
    {"transformation": True},
    {"depends_on": True},
    {"component": True},
    {"provider": {}},
    {"provider": {"zec:allowRebuild": "true"}},
    {"provider": {"zec:allowRebuild": "false"}},
    {"component": True, "provider": {}, "plain": {"ignore_changes": ["user_data"], "protect": True}},
]

GATES: list[dict[str, str]] = [
    *[{}] * 6,
    *[{"zec:requireApproval": "true"}] * 3,
    {"zec:allowRebuild": "false"},
    {"zec:allowRebuild": ""},
    {"zec:requireApprovals": "true"},
    {"zec:allowedCauses": "imageId"},
]
CLOSED = ({"zec:allowRebuild": "false"}, {"zec:allowRebuild": ""}, {"zec:requireApprovals": "true"})

DRIFT: list[dict[str, Any]] = [
    {"imageId": DEBIAN},
    {"keyId": OTHER_KEY},
    {"timeZone": "UTC"},
    {"instanceName": "mine"},
    {"status": "STOPPED"},
    {"imageId": JAMMY, "keyId": OTHER_KEY, "instanceName": "mine"},
]


@dataclass(frozen=True)
class Edit:
    """What becomes of one resource after it was recorded: the inputs that change, and how it is renamed."""

    inputs: Mapping[str, Any]
    drift: Mapping[str, Any] | None
    renamed: str | None


@dataclass(frozen=True)
class Case:
    """The options of each machine's resource, its first inputs and its edit; and the gates from then on."""

    kinds: tuple[str, ...]
    options: tuple[Mapping[str, Any], ...]
    first: tuple[Mapping[str, Any], ...]
    edits: tuple[Edit, ...]
    fleet: Mapping[str, Any]
    fleet_options: Mapping[str, Any]
    gates: Mapping[str, str]


def _inputs(**least: Any) -> st.SearchStrategy[dict[str, Any]]:
    def of(keys: list[str]) -> st.SearchStrategy[dict[str, Any]]:
        scripts = [key for key in keys if key.startswith("user_data")]
        return st.fixed_dictionaries({key: _given(key) for key in keys if key not in scripts[1:]})

    often = [*["image_id", "key_id", "rebuild_token", "user_data", "user_data_base64"] * 2, *VALUES]
    return st.lists(st.sampled_from(often), unique=True, **least).flatmap(of)


def _given(key: str) -> st.SearchStrategy[dict[str, Any]]:
    hows = ["packed"] if key == "user_data_base64" else HOWS + (["unknown inside"] if key == "rebuild_on" else [])
    return st.fixed_dictionaries({"value": st.sampled_from(VALUES[key]), "how": st.sampled_from(hows)})


def cases() -> st.SearchStrategy[Case]:
    """Return cases."""
    edit = st.builds(
        Edit,
        inputs=_inputs(min_size=1, max_size=2),
        drift=st.one_of(st.none(), st.none(), st.sampled_from(DRIFT)),
        renamed=st.sampled_from([None, None, None, "alias", "alone"]),
    )

    def each(one: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
        return st.lists(one, min_size=len(MACHINES), max_size=len(MACHINES)).map(tuple)

    built = st.builds(
        Case,
        kinds=each(st.sampled_from(["plain", "plain", "subclass"])),
        options=each(st.sampled_from(OPTIONS)),
        first=each(_inputs(max_size=2)),
        edits=each(edit),
        fleet=_inputs(min_size=1, max_size=1),
        fleet_options=st.sampled_from([{}, {"provider": {}}, {"provider": {"zec:allowRebuild": "true"}}]),
        gates=st.sampled_from(GATES),
    )
    return built.filter(lambda case: sum("image_id" in edit.inputs for edit in case.edits) > 1)


def _edit(key: str, value: Any, how: str = "plain", renamed: str | None = None, **drift: Any) -> Edit:
    return Edit({key: {"value": value, "how": how}}, drift, renamed)


SPREAD = Case(
    kinds=("plain", "plain", "subclass", "plain", "plain"),
    options=(
        {"component": True, "provider": {"zec:allowRebuild": "true"}, "plain": {"protect": True}},
        {"transform": "same", "plain": {"ignore_changes": ["keyId"]}},
        {"transformation": True},
        {"plain": {"ignore_changes": ["*"]}},
        {"provider": {}, "depends_on": True, "plain": {"delete_before_replace": True}},
    ),
    first=({}, {}, {}, {}, {"user_data_base64": {"value": "#!/bin/sh\n", "how": "packed"}}),
    edits=(
        _edit("image_id", DEBIAN, "secret", keyId=OTHER_KEY),
        _edit("rebuild_token", "one", keyId=OTHER_KEY, imageId=JAMMY),
        _edit("image_id", NOBLE, "output", renamed="alias"),
        _edit("image_id", NOBLE, imageId=JAMMY),
        _edit("key_id", KEY, "output", renamed="alone"),
    ),
    fleet={"rebuild_token": {"value": "one", "how": "plain"}},
    fleet_options={"provider": {}},
    gates={"zec:requireApproval": "true"},
)
"""One case with an option of every kind."""


class EngineCase:
    """One case on one stack.

    The stack is new for each, and so are its machines.
    """

    def __init__(self, case: Case, stack: Stack, tally: Counter[str]) -> None:
        self.case, self.stack, self.tally = case, stack, tally

    def play(self) -> None:
        """Record the machines as they are, edit the program, and hold preview and up against each other."""
        self.stack.cloud.patch_instance(NO_KEY, keyId=KEY)
        self._write(edited=False)
        self._previewed_up(again=False)
        for instance_id, edit in zip(MACHINES, self.case.edits, strict=True):
            if edit.drift:
                self.stack.cloud.patch_instance(instance_id, **edit.drift)
        self.stack.configure(**self.case.gates)
        self._write(edited=True)
        self._previewed_up(again=True)

    def _write(self, *, edited: bool) -> None:
        written: dict[str, Any] = {}
        rows = zip(MACHINES.items(), self.case.kinds, self.case.options, self.case.first, self.case.edits, strict=True)
        for (instance_id, image), kind, options, first, edit in rows:
            name, chosen = f"m-{instance_id[-2:]}", dict(options)
            inputs = {"image_id": {"value": image, "how": "plain"}, **first}
            if edited:
                inputs = _one_script({**inputs, **edit.inputs}, edit.inputs)
                if edit.renamed and not chosen.get("plain", {}).get("protect"):
                    chosen |= {"alias": name} if edit.renamed == "alias" else {}
                    name = f"{name}-new"
            inputs["instance_id"] = {"value": instance_id, "how": "plain"}
            written[name] = {"kind": kind, "inputs": inputs, "options": chosen}
        fleet = self.case.fleet if edited else {}
        fleet = {key: one for key, one in fleet.items() if key not in ("image_id", "instance_name")}
        written["fleet"] = {"kind": "fleet", "instances": FLEET, "inputs": fleet, "options": self.case.fleet_options}
        self.written = written
        (self.stack.folder / "program" / "resources.json").write_text(json.dumps(written))

    def _report(self) -> Report:
        ran = self.stack.preview("--json")
        report = report_of(read(ran.stdout))
        assert ran.code == 0 or report.failures, (ran.text, self.written)
        return report

    def _previewed_up(self, *, again: bool) -> None:
        report = self._report()
        if report.tokens:
            self.stack.configure(**{"zec:approvedRebuilds": " ".join(report.tokens)})
            report = self._report()
        code = report.exit_code(FailOn.UNAPPROVED)
        self.tally["programs"] += len(self.written)
        self.tally[f"report {code}"] += 1
        before = len(self.stack.cloud.ledger())
        up = self.stack.up("--continue-on-error")
        done = self.stack.cloud.ledger()[before:]
        wiped = [entry["instanceId"] for entry in done if entry["action"] == "ResetInstance"]
        self.tally["resets"] += len(wiped)
        self.tally["ups that ended in an error"] += up.code != 0
        context = (self.case, report, up.text)
        rows = {row.instance_id: row for row in report.rows if row.action in (Action.REBUILD, Action.UNDECIDED)}
        assert set(wiped) <= set(rows), ("announced", wiped, context)
        assert len(wiped) == len(set(wiped)), ("once", wiped, context)
        unapproved = [one for one in wiped if rows[one].approval is not Approval.APPROVED]
        assert code != 0 or not unapproved, ("announced", wiped, context)
        config = self.stack.settings()
        if any(one.items() <= config.items() for one in CLOSED):
            assert not wiped, ("gates", wiped, context)
        if "zec:requireApproval" in config:
            assert not unapproved, ("gates", unapproved, context)
        if config.get("zec:allowedCauses"):
            others = {cause.trigger for one in wiped for cause in rows[one].causes} - {"imageId"}
            assert not others, ("gates", others, context)
        if again:
            self._again(up.code, context)

    def _again(self, code: int, context: object) -> None:
        """Claim 4."""
        before = len(self.stack.cloud.ledger())
        second = self.stack.up(*(["--expect-no-changes"] if code == 0 else []))
        resets = [entry for entry in self.stack.cloud.ledger()[before:] if entry["action"] == "ResetInstance"]
        if code != 0:
            self.tally["refused"] += 1
            return
        assert second.code == 0, ("4", second.text, context)
        assert len(self.stack.cloud.ledger()) == before, ("4", resets, context)
        self.tally["idle second ups"] += 1


def _one_script(inputs: dict[str, Any], edited: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs with one first-boot script: the edit's."""
    if "user_data" in edited:
        inputs.pop("user_data_base64", None)
    elif "user_data_base64" in edited:
        inputs.pop("user_data", None)
    return inputs
