"""Seeds as files: JSON, YAML, and the schema of both."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import resources
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from zec_pulumi.simulator import SetupError, default_world
from zec_pulumi.simulator.schema import seed_schema
from zec_pulumi.simulator.world import load_seed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "seed.yaml"
        path.write_text(text, "utf-8")
        return path

    return write


def test_a_seed_in_yaml_is_the_same_world(write: Callable[[str], Path]) -> None:
    """Whatever a YAML library writes of the package's world reads as that world."""
    assert load_seed(write(yaml.safe_dump(default_world()))) == load_seed(None)


def test_json_in_a_yaml_file_is_the_same_world(write: Callable[[str], Path]) -> None:
    """YAML is meant to hold JSON."""
    assert load_seed(write(json.dumps(default_world()))) == load_seed(None)


@pytest.mark.parametrize(
    ("field", "plain"),
    [("countryCode", "NO"), ("cityCode", "on"), ("zoneName", "2025-02-03T04:05:06Z"), ("cityName", "0x10")],
)
def test_a_plain_word_is_text(write: Callable[[str], Path], field: str, plain: str) -> None:
    """Norway is not false, and a time is what was written."""
    world = default_world()
    world["zones"][0][field] = "PLAIN"

    seed = load_seed(write(yaml.safe_dump(world).replace("PLAIN", plain)))

    assert seed.zones[0].model_dump(by_alias=True)[field] == plain


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("zones: [", "line 1"),
        ("zones: []\nimages: []\nzones: []", "zones is there twice in line 3"),
        ("- 1", "valid dictionary"),
        ("zones: !!python/object:os.system {}", "constructor"),
        ("", "valid dictionary"),
    ],
)
def test_yaml_that_cannot_be_is_one_sentence(write: Callable[[str], Path], text: str, message: str) -> None:
    """It says what and where."""
    with pytest.raises(SetupError, match=message) as caught:
        load_seed(write(text))

    assert "\n" not in str(caught.value)


def test_yaml_without_its_package_says_what_to_install(
    write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON needs nothing."""
    monkeypatch.setitem(sys.modules, "yaml", None)

    with pytest.raises(SetupError, match="pip install"):
        load_seed(write("zones: []"))


def test_every_finding_has_its_path() -> None:
    """One look at the error is enough to mend the file."""
    wrong = default_world()
    wrong["zones"][1]["zoneId"] = 7
    wrong["images"][0]["colour"] = "red"
    with pytest.raises(SetupError) as caught:
        load_seed(wrong)
    assert all(path in str(caught.value) for path in ("zones.1.zoneId: ", "images.0.colour: "))

    contradicting = default_world()
    contradicting["instances"][0]["imageId"] = "nowhere"
    contradicting["instances"][2]["instanceId"] = contradicting["instances"][1]["instanceId"]
    contradicting["instances"][4] |= {"keyId": "lost", "timeZone": "Mars/North"}
    with pytest.raises(SetupError) as caught:
        load_seed(contradicting)
    assert [finding.split(": ")[0] for finding in str(caught.value).split("usable: ")[1].split("; ")] == [
        "instances.2.instanceId",
        "instances.0.imageId",
        "instances.4.timeZone",
        "instances.4.keyId",
    ]


def test_the_schema_is_that_of_the_models() -> None:
    """If this fails: python -m zec_pulumi.simulator.schema > zec_pulumi/simulator/seed/schema.json."""
    shipped = (resources.files("zec_pulumi.simulator") / "seed" / "schema.json").read_text("utf-8")

    printed = subprocess.run(
        [sys.executable, "-m", "zec_pulumi.simulator.schema"], capture_output=True, text=True, check=True
    )

    assert shipped == printed.stdout
    assert json.loads(shipped) == seed_schema()


def _misspelt(world: dict[str, Any]) -> None:
    world["instances"][0]["imageID"] = "x"


def _without_images(world: dict[str, Any]) -> None:
    del world["images"]


def _number(world: dict[str, Any]) -> None:
    world["instances"][0]["instanceId"] = 1272168087751233112


def test_the_schema_accepts_the_package_s_world() -> None:
    """An editor shows nothing red in it."""
    jsonschema.Draft202012Validator(seed_schema()).validate(default_world())


@pytest.mark.parametrize("spoil", [_misspelt, _without_images, _number])
def test_what_the_schema_refuses_is_refused_here_too(spoil: Callable[[dict[str, Any]], None]) -> None:
    """An editor and the simulator agree."""
    world = default_world()
    spoil(world)

    assert not jsonschema.Draft202012Validator(seed_schema()).is_valid(world)
    with pytest.raises(SetupError):
        load_seed(world)
