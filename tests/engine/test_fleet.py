"""Many instances and one description on the real engine: the order, and what a failure or a refusal leaves alone."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from driver import SDKS, Stack, copied_stack, new_stack, of_machines
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

pytestmark = pytest.mark.engine

JAMMY, NOBLE, DEBIAN = "ubuntu2204_20240712", "ubuntu2404_20240712", "debian12_20240712"
WEB = {"web-1": "1272168087751233112", "web-2": "1272168087751233113", "batch-1": "1272168087751233114"}
ALL = {**WEB, "edge-1": "1272168087751233120", "db": "1272168087751233121", "tiny": "1272168087751233122"}
NAMES = {instance_id: name for name, instance_id in ALL.items()}
REBUILD_SECONDS = 1.0
FLEET = "zec:index:Fleet::"


@pytest.fixture(scope="session")
def recorded_fleet(tmp_path_factory: pytest.TempPathFactory, engine_folder: Path) -> Stack:
    """A stack to copy: it holds the three machines of one zone as a fleet, as they are."""
    with Simulator() as cloud:
        stack = new_stack(tmp_path_factory.mktemp("fleet"), cloud, engine_folder, "newest")
        stack.declare(site={"instances": WEB}).up().ok()
        assert stack.actions() == []
        return stack


@pytest.fixture
def web(tmp_path: Path, cloud: Simulator, recorded_fleet: Stack) -> Stack:
    """A stack of its own for a test, which holds the three machines of one zone as a fleet, as they are."""
    return copied_stack(recorded_fleet, tmp_path, cloud)


def touched(stack: Stack) -> list[str]:
    """Return the names of the machines that anything was done to, in that order."""
    return list(dict.fromkeys(NAMES[entry["instanceId"]] for entry in of_machines(stack.cloud.ledger())))


def spans(ledger: Iterable[dict[str, Any]]) -> dict[str, tuple[float, float]]:
    """Return from when to when each machine was not available, by the cloud's own word."""
    found: dict[str, tuple[float, float]] = {}
    for entry in ledger:
        name = NAMES[entry["instanceId"]]
        ended = entry["at"] + (REBUILD_SECONDS if entry["action"] == "ResetInstance" else 0.0)
        found[name] = (found.get(name, (entry["at"], 0.0))[0], ended)
    return found


def fleet_lines(preview: str) -> list[str]:
    """Return what a JSON preview says on fleets' own rows."""
    diagnostics = json.loads(preview)["diagnostics"]
    return [
        d["message"].strip().removeprefix("warning: ")
        for d in diagnostics
        if d.get("urn", "").split("::")[2:3] == ["zec:index:Fleet"]
    ]


@pytest.mark.everywhere
def test_canaries_first_then_lanes_and_afterwards_nothing(tmp_path: Path, engine_folder: Path, sdk: str) -> None:
    """The plan is told, the canary is done alone, never more than two are down, and a second up has nothing to do."""
    with Simulator(rebuild_seconds=REBUILD_SECONDS, stop_seconds=0.1) as cloud:
        stack = new_stack(tmp_path, cloud, engine_folder, sdk)
        fleet = {"instances": ALL, "max_unavailable": "34%", "canary": "web-2", "adopt": "never"}
        stack.declare(site=fleet)
        assert fleet_lines(stack.preview("--json").ok().stdout) == [
            (
                "fleet: 6 of 6 instances will be wiped; canary web-2 first, then 3 waves of 2 (max_unavailable);"
                " about 20 min at 5 min a rebuild (assumed, as none is recorded)"
            )
        ]
        text = stack.up("--parallel", "16").ok().text
        assert re.search(r"about .* left, rebuilt 1/6, 0 running, 0 failed", text)
        assert "rebuilt 6/6, 0 running, 0 failed" in text

        down = spans(of_machines(cloud.ledger()))
        assert down.keys() == ALL.keys()
        canary = down.pop("web-2")
        assert all(began >= canary[1] for began, _ in down.values())
        together = [sum(began <= other < ended for began, ended in down.values()) for other, _ in down.values()]
        assert max(together) == 2

        outputs = json.loads(stack.run("stack", "output", "--json").ok().stdout)
        assert outputs["site.summary"] == {
            "instances": 6,
            "running": 6,
            "images": {JAMMY: 2, NOBLE: 1, DEBIAN: 1, "custom-fra0Db41": 1, "rocky8_lax_20240712": 1},
        }
        assert list(outputs["site.instances"]) == sorted(ALL)
        assert outputs["site.instances"]["web-1"]["instance_id"] == ALL["web-1"]
        assert outputs["site.instances"]["web-1"]["last_rebuild"]["causes"] == ['adopt is "never"']

        done = stack.actions()
        stack.up("--expect-no-changes").ok()
        fewer = {name: ALL[name] for name in ("tiny", "web-1", "db")}
        stack.declare(renamed={"instances": {**fewer, "web-2": ALL["web-2"]}, "max_unavailable": 1}).up().ok()
        assert stack.state().keys() == {*fewer, "web-2"}
        stack.destroy().ok()
        assert stack.actions() == done


def test_an_added_machine_is_rebuilt_alone(web: Stack) -> None:
    """Whatever its place; the recorded ones are not touched, and the plan counts them as unchanged."""
    more = {"edge-1": {"instance_id": ALL["edge-1"], "adopt": "never"}, **WEB}
    web.declare(site={"instances": more, "canary": 1})
    (line,) = fleet_lines(web.preview("--json").ok().stdout)
    assert line.startswith("fleet: 1 of 4 instances will be wiped, 3 unchanged; canary edge-1 first; about 5 min")
    web.up().ok()
    assert touched(web) == ["edge-1"]


@pytest.mark.slow  # the two tests below show a failure, and an unhealthy canary, every day
def test_a_failing_canary_stops_the_rest_and_the_next_up_goes_on(web: Stack) -> None:
    """Nothing else is touched. After the cause is gone, up does the canary again and the others for the first time."""
    effect = {"type": "error", "code": "INVALID_IMAGE_AGENT_NOT_SUPPORT", "status": 400}
    web.cloud.add_fault(action="ResetInstance", nth=1, effect=effect)
    web.declare(site={"instances": WEB, "rebuild_token": "1", "canary": 1, "max_unavailable": "100%"})
    text = web.up().failed().text
    assert "INVALID_IMAGE_AGENT_NOT_SUPPORT" in text
    assert "rebuilt 0/3, 0 running, 1 failed" in text
    assert touched(web) == ["web-1"]
    web.cloud.clear_faults()
    web.up().ok()
    resets = [NAMES[entry["instanceId"]] for entry in web.cloud.ledger() if entry["action"] == "ResetInstance"]
    assert resets[0] == "web-1"
    assert sorted(resets) == sorted(WEB)


def test_after_a_failure_only_the_failed_and_the_unstarted_are_done(web: Stack) -> None:
    """The first is done and stays so, the second fails, the third is not begun; then the two are done."""
    effect = {"type": "error", "code": "INVALID_IMAGE_AGENT_NOT_SUPPORT", "status": 400}
    web.cloud.add_fault(action="ResetInstance", nth=2, effect=effect)
    web.declare(site={"instances": WEB, "rebuild_token": "1"}).up().failed()
    assert touched(web) == ["web-1", "web-2"]
    web.cloud.clear_faults()
    before = len(of_machines(web.cloud.ledger()))
    (line,) = fleet_lines(web.preview("--json").ok().stdout)
    assert "fleet: 2 of 3 instances will be wiped, 1 unchanged; 2 one after the other (max_unavailable); about " in line
    assert "(the median of those recorded)" in line
    web.up().ok()
    assert {NAMES[entry["instanceId"]] for entry in of_machines(web.cloud.ledger())[before:]} == {"web-2", "batch-1"}


def test_what_refuses_the_last_machine_refuses_the_fleet_before_the_first(web: Stack) -> None:
    """Recorded machines in `up` without a preview: nothing is sent, and every refused machine is named."""
    last = {"instance_id": WEB["batch-1"]}
    own = {
        **WEB,
        "web-2": {"instance_id": WEB["web-2"], "timezone": "Mars"},
        "batch-1": {**last, "image_id": "nothing"},
        "gone": "1272168087751239999",
    }
    text = web.declare(site={"instances": own, "rebuild_token": "1"}).up().failed().text
    assert "batch-1: image_id: no image nothing in asia-east-1a" in text
    assert "web-2: timezone: Mars is not a time zone of this cloud" in text
    assert "gone: instance_id: instance 1272168087751239999 was not found" in text
    assert web.actions() == []

    protected = {**WEB, "batch-1": {**last, "rebuild_protection": True}}
    text = web.declare(site={"instances": protected, "rebuild_token": "1"}).up().failed().text
    assert "batch-1: rebuild_protection is set" in text
    assert web.actions() == []


def test_one_unapproved_rebuild_refuses_the_fleet_until_it_is_approved(web: Stack) -> None:
    """With all but the last token nothing is touched; the tokens of the preview, all of them, let the fleet through."""
    web.configure(**{"zec:requireApproval": "true"}).declare(site={"instances": WEB, "rebuild_token": "1"})
    shown = web.preview("--json").stdout
    assert "gates refuse 3 of them" in fleet_lines(shown)[0]
    messages = [d["message"] for d in json.loads(shown)["diagnostics"]]
    tokens = [text.split("To approve, add ")[1].split(" ")[0] for text in messages if "To approve, add " in text]
    assert len(tokens) == 3
    web.configure(**{"zec:approvedRebuilds": ",".join(tokens[:-1])})
    assert "approval needed" in web.up().failed().text
    assert web.actions() == []
    web.configure(**{"zec:approvedRebuilds": ",".join(tokens)}).up().ok()
    assert sorted(touched(web)) == sorted(WEB)


def test_recorded_machines_are_judged_by_their_record(web: Stack) -> None:
    """A drifted machine would be rebuilt if it were new; recorded, it is only warned about, and no gate refuses it.

    A refresh of an earlier command is of no account, and changes nothing by itself.
    """
    web.refresh("--expect-no-changes").ok()
    web.cloud.patch_instance(WEB["web-1"], imageId=DEBIAN)
    web.configure(**{"zec:allowRebuild": "false"})
    web.declare(site={"instances": {**WEB, "web-1": {"instance_id": WEB["web-1"], "image_id": JAMMY}}})
    assert "imageId was changed outside Pulumi" in web.up().ok().text
    assert web.actions() == []


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        pytest.param({}, (), id="one process", marks=pytest.mark.slow),  # the harder ones are for every day
        pytest.param({"zec:pollInterval": "0.2"}, (), id="a changed setting: another process"),
        pytest.param({}, ("--run-program",), id="refreshed one by one", marks=pytest.mark.slow),
    ],
)
def test_with_refresh_machines_are_judged_by_what_was_refreshed(
    web: Stack, settings: dict[str, str], arguments: tuple[str, ...]
) -> None:
    """`up --refresh` sees the drift of a protected machine, and refuses the fleet before the first is touched."""
    last = {"instance_id": WEB["batch-1"], "image_id": JAMMY, "rebuild_protection": True}
    web.declare(site={"instances": {**WEB, "batch-1": last}}).up().ok()
    web.cloud.patch_instance(WEB["batch-1"], imageId=DEBIAN)
    first = {"instance_id": WEB["web-1"], "rebuild_token": "1"}
    web.declare(site={"instances": {"web-1": first, "web-2": WEB["web-2"], "batch-1": last}}).configure(**settings)
    assert "batch-1: rebuild_protection is set" in web.up("--refresh", *arguments).failed().text
    assert web.actions() == []


@pytest.mark.slow  # a backend of years ago
def test_a_state_that_cannot_be_read_is_said_once_and_checked_for_less(stack: Stack) -> None:
    """Stacks of the oldest layout have no full name: what needs no record is still refused before the first machine."""
    (stack.folder / "old").mkdir()
    stack.environment["PULUMI_BACKEND_URL"] = f"file://{stack.folder / 'old'}"
    for name in ("LEGACY_LAYOUT", "IGNORE_DEPRECATION_ERROR"):
        stack.environment[f"PULUMI_DIY_BACKEND_{name}"] = "1"
    stack.run("stack", "init", "dev").ok()
    stack.declare(site={"instances": {"gone": "1272168087751239999", **WEB}, "adopt": "never", "canary": "web-1"})
    text = stack.up().failed().text
    assert "gone: instance_id: instance 1272168087751239999 was not found" in text
    assert stack.actions() == []
    stack.declare(site={"instances": WEB})
    diagnostics = stack.up().ok().text.partition("Diagnostics:")[2]
    assert diagnostics.count("the stack's own record cannot be read") == 1
    assert stack.actions() == []


def test_a_target_is_rebuilt_without_the_others(web: Stack) -> None:
    """`--target` of one machine: neither the canary nor the rest is touched."""
    web.declare(site={"instances": WEB, "rebuild_token": "1", "canary": 1})
    web.up("--target", web.state()["batch-1"]["urn"]).ok()
    assert touched(web) == ["batch-1"]


def test_options_of_the_fleet_hold_for_its_machines_and_secrets_stay_secret(stack: Stack) -> None:
    """Time-outs and ignored changes arrive, and the plan, which saw everything, has recorded nothing."""
    options = {"custom_timeouts": {"update": "7m"}, "ignore_changes": ["image_id"], "protect": True}
    fleet = {"instances": WEB, "password": "Secret-12345", "secret": ["password"], "opts": options}
    text = stack.declare(site=fleet).up().ok().text
    exported = stack.run("stack", "export").stdout
    assert "Secret-12345" not in text + exported
    for one in stack.state().values():
        assert one["customTimeouts"]["update"] == 420
        assert one["protect"] is True
    plans = [r for r in json.loads(exported)["deployment"]["resources"] if r["type"].endswith("zec:FleetPlan")]
    assert [set(plan["inputs"]) | set(plan.get("outputs", {})) for plan in plans] == [{"__provider"}]
    stack.configure(**{"zec:allowRebuild": "false"}).declare(site={**fleet, "image_id": DEBIAN})
    stack.up("--expect-no-changes").ok()


def test_two_owners_of_one_machine_are_refused_in_preview_and_a_swap_is_not(web: Stack) -> None:
    """Across a fleet and a resource beside it, both are named."""
    web.declare(site={"instances": WEB}, other={"instance_id": WEB["web-2"]})
    text = web.preview().failed().text
    assert f"instance {WEB['web-2']} is declared twice in this stack, by " in text
    assert "other" in text
    swapped = {**WEB, "web-1": WEB["web-2"], "web-2": WEB["web-1"]}
    web.declare(site={"instances": swapped}).up().ok()
    assert web.actions() == []


def test_an_unhealthy_canary_stops_the_rest_and_is_probed_again_without_a_wipe(web: Stack) -> None:
    """Rebuilt but not healthy is not finished; once it is healthy, the next up goes on to the others."""
    ready = web.folder / "ready"
    gate = {"kind": "command", "command": ["test", "-e", str(ready)], "interval": 0.1, "deadline": 1.0}
    web.declare(site={"instances": WEB, "rebuild_token": "1", "canary": 1, "max_unavailable": 2, "health": gate})
    assert "its health gate" in web.up().failed().text
    assert touched(web) == ["web-1"]
    ready.touch()
    web.up().ok()
    resets = [NAMES[entry["instanceId"]] for entry in web.cloud.ledger() if entry["action"] == "ResetInstance"]
    assert (resets[0], sorted(resets)) == ("web-1", sorted(WEB))


def test_a_machine_that_moves_to_another_fleet_is_left_alone(web: Stack) -> None:
    """Its name is its resource, whichever fleet it is in: nothing is created, forgotten or adopted anew."""
    moved = {name: id_ for name, id_ in WEB.items() if name != "web-1"}
    web.configure(**{"zec:allowRebuild": "false"})
    before = web.state()["web-1"]
    web.declare(
        site={"instances": moved}, other={"instances": {"web-1": {"instance_id": WEB["web-1"], "adopt": "never"}}}
    )
    text = web.up().ok().text
    assert "forgotten" not in text
    assert web.state()["web-1"]["created"] == before["created"]
    assert web.actions() == []


CANNOT_BE: dict[str, dict[str, Any]] = {
    "max_unavailable must be a number of instances from 1, or a percentage": {"max_unavailable": "101%"},
    "canary: the fleet has no instance 'web-9'": {"canary": "web-9"},
    "instances: a fleet has at least one instance": {"instances": {}},
    "instances['web-1']: instance_id: must be a string": {"instances": {"web-1": 1}},
}


def assert_refused(stack: Stack, sentence: str) -> None:
    """Expect one sentence, without a traceback of the program."""
    stack.declare(site={"instances": WEB, **CANNOT_BE[sentence]})
    assert f"fleet site: {sentence}" in stack.preview().failed().text


def test_a_fleet_that_cannot_be_is_refused_in_one_sentence(stack: Stack) -> None:
    """The constructor's; tests/unit has all of them."""
    assert_refused(stack, next(iter(CANNOT_BE)))


@pytest.mark.slow
@pytest.mark.parametrize("sdk", SDKS)
@pytest.mark.parametrize("sentence", CANNOT_BE)
def test_whatever_a_fleet_cannot_be_is_refused_in_one_sentence(stack: Stack, sentence: str) -> None:
    """With both SDKs."""
    assert_refused(stack, sentence)


NESTED = """
import json
from pathlib import Path

import pulumi

import zec_pulumi as zec

first = zec.InstanceOsImage("first", instance_id="1272168087751233112")


class Site(pulumi.ComponentResource):
    def __init__(self, name, fleet, image_id):
        super().__init__("my:own:Site", name)
        later = first.status.apply(lambda _: "1272168087751233113")
        own = {"instance_id": "1272168087751233114", "image_id": image_id}
        opts = pulumi.ResourceOptions(parent=self)
        zec.Fleet(fleet, instances={"web-2": later, "batch-1": own}, canary="web-2", opts=opts)


Site("site", *json.loads(Path(__file__).with_name("resources.json").read_text()))
"""


def nested(stack: Stack, name: str, image_id: str) -> Stack:
    """Have the program declare a fleet of that name in a component, with an image for one of its machines."""
    (stack.folder / "program" / "__main__.py").write_text(NESTED)
    (stack.folder / "program" / "resources.json").write_text(json.dumps([name, image_id]))
    return stack


@pytest.mark.parametrize("sdk", ["newest", pytest.param("oldest", marks=pytest.mark.slow)])
def test_a_fleet_in_a_component_with_ids_that_only_up_knows(stack: Stack) -> None:
    """Undecided in preview, judged in up."""
    nested(stack, "web", JAMMY)
    (line,) = [
        d["message"] for d in json.loads(stack.preview("--json").ok().stdout)["diagnostics"] if FLEET in d["urn"]
    ]
    assert line.startswith("fleet: none of 2 instances will be wiped, 1 adopted, 1 undecided")
    stack.up().ok()
    assert stack.actions() == []


@pytest.mark.slow
@pytest.mark.parametrize("sdk", SDKS)
def test_a_renamed_fleet_in_a_component_holds_the_same_machines_and_still_refuses_first(stack: Stack) -> None:
    """Of the fleet's name nothing depends that its machines have."""
    for name in ("web", "renamed"):
        nested(stack, name, JAMMY).up().ok()
    assert stack.actions() == []
    assert (
        "batch-1: image_id: no image nothing in asia-east-1a" in nested(stack, "renamed", "nothing").up().failed().text
    )
    assert stack.actions() == []
