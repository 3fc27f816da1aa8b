"""`zec-pulumi images`, `keys` and `instances` against a simulated cloud."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.terminal import COMMAND, in_terminal
from zec_pulumi.cli.main import main
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WEB_1 = "1272168087751233112"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(clock="manual") as running:
        yield running


@pytest.fixture
def cloud(simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Simulator:
    """A simulator in its first state, and the environment that points at it."""
    simulator.reset()
    for name in [name for name in os.environ if name.startswith("ZENLAYER")]:
        monkeypatch.delenv(name)
    for name, value in simulator.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    return simulator


@pytest.fixture
def listed(cloud: Simulator, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command with --json and return the ids it lists."""

    def run(command: str, *arguments: str) -> list[str]:
        assert main([command, "--json", *arguments]) == 0
        key = {"images": "image_id", "keys": "key_id", "instances": "instance_id"}[command]
        return [item[key] for item in json.loads(capsys.readouterr().out)]

    assert cloud.requests() == []
    return run


def test_images_are_those_of_the_zone_that_can_be_used(listed: Any) -> None:
    """The zone decides, the state too unless all are asked for."""
    assert "ubuntu2204_20240712" in listed("images", "--zone", "asia-east-1a")
    assert "centos7_20200501" not in listed("images", "--zone", "asia-east-1a")
    assert "centos7_20200501" in listed("images", "--zone", "asia-east-1a", "--all-states")


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        (["--name", "UBUNTU2204"], ["ubuntu2204_20240712"]),
        (["--name", "golden"], ["custom-5Yx8Hq2c"]),
        (["--os-type", "Windows"], ["windows2019_20240712", "windows2022_20240712"]),
        (["--os-type", "linux", "--name", "windows"], []),
    ],
)
def test_images_are_filtered(listed: Any, filters: list[str], ids: list[str]) -> None:
    """By part of id or name and by type, whatever the case of letters."""
    assert listed("images", "--zone", "asia-east-1a", *filters) == ids


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        (["--zone", "na-west-1a"], ["1272168087751233122"]),
        (["--name", "web-1"], [WEB_1]),
        (["--name", "233112"], [WEB_1]),
        (["--status", "stopped"], ["1272168087751233114"]),
        (["--image", "rocky9_20240712"], ["1272168087751233119"]),
        (["--image", "rocky9"], []),
    ],
)
def test_instances_are_filtered(listed: Any, filters: list[str], ids: list[str]) -> None:
    """Each filter alone; an image is named whole."""
    assert listed("instances", *filters) == ids


def test_all_pages_of_instances_are_read(cloud: Simulator, listed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each instance once, however many pages there are."""
    monkeypatch.setattr("zec_pulumi.api.client.MAX_PAGE_SIZE", 3)
    found = listed("instances")
    assert len(found) == len(set(found)) == 11
    assert [request["action"] for request in cloud.requests()] == ["DescribeInstances"] * 4


def test_keys_are_listed(listed: Any) -> None:
    """All of the account."""
    assert listed("keys") == ["key-YWD2QFOl", "key-2ndKey01", "key-Unsupp01"]


@pytest.mark.usefixtures("cloud")
def test_a_pipe_gets_one_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    """With a header, without colour."""
    assert main(["instances"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["instance", "id", "name", "status", "zone", "image", "key"]
    assert lines[1].split() == [WEB_1, "web-1", "RUNNING", "asia-east-1a", "ubuntu2204_20240712", "key-YWD2QFOl"]
    assert len(lines) == 12


@pytest.mark.parametrize("columns", [50, 80, 200])
@pytest.mark.parametrize("command", [["instances"], ["images", "--zone", "asia-east-1a"], ["keys"]])
def test_no_terminal_breaks_an_id(cloud: Simulator, columns: int, command: list[str]) -> None:
    """And no line is longer than the terminal."""
    long_name = "a machine with a long name of many words"
    cloud.patch_instance(WEB_1, instance_name=long_name)
    ids = {
        "instances": [WEB_1, "windows2019_20240712", "key-2ndKey01"],
        "images": ["ubuntu2404_cuda_20240712", "custom-5Yx8Hq2c"],
        "keys": ["key-Unsupp01"],
    }[command[0]]
    code, text = in_terminal(columns, *command)
    plain = COLOUR.sub("", text)
    assert code == 0
    assert all(one in plain for one in ids)
    assert max(len(line) for line in plain.splitlines() if long_name not in line) <= columns


def test_names_cannot_command_the_terminal(cloud: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """They are other people's words."""
    cloud.patch_instance(WEB_1, instance_name="web\x1b[2J")
    main(["instances"])
    assert "web\ufffd[2J" in capsys.readouterr().out


@pytest.mark.usefixtures("cloud")
def test_nothing_found_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """In words, or as an empty list."""
    assert main(["instances", "--name", "nobody"]) == 0
    assert main(["instances", "--name", "nobody", "--json"]) == 0
    assert capsys.readouterr().out == "no instances\n[]\n"


@pytest.mark.usefixtures("cloud")
def test_images_without_a_zone_say_which_zones_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["images"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == (
        "zec-pulumi images: images are those of a zone, so give --zone;"
        " the zones are asia-east-1a, asia-east-1b, europe-central-1a, na-west-1a\n"
    )


@pytest.mark.usefixtures("cloud")
def test_an_unknown_zone_is_one_sentence_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 1, nothing on standard output."""
    assert main(["images", "--zone", "mars-1a"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == (
        "zec-pulumi images: there is no zone mars-1a;"
        " the zones are asia-east-1a, asia-east-1b, europe-central-1a, na-west-1a\n"
    )


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ZENLAYERCLOUD_ACCESS_KEY_PASSWORD", "S3cretOfTheTest", "the signature is wrong"),
        ("ZENLAYERCLOUD_ACCESS_KEY_ID", "", "ZENLAYERCLOUD_ACCESS_KEY_ID is not set"),
        ("ZENLAYERCLOUD_DOMAIN", "example.org", "plain http is refused"),
    ],
)
def test_an_error_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str, value: str, said: str
) -> None:
    """On standard error, without a traceback or a secret; exit status 1."""
    monkeypatch.setenv(variable, value)
    assert main(["keys"]) == 1
    shown = capsys.readouterr()
    assert said in shown.err
    assert (shown.out, shown.err.count("\n"), "S3cret" in shown.err) == ("", 1, False)


@pytest.mark.usefixtures("cloud")
def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    """As with `| head`."""
    with subprocess.Popen([*COMMAND, "instances"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_that_wants_no_colour_gets_none(cloud: Simulator, variables: dict[str, str]) -> None:
    assert cloud.requests() == []
    assert "\x1b[1m" in in_terminal(80, "keys")[1]
    assert "\x1b" not in in_terminal(80, "keys", **variables)[1]


def test_columns_stay_under_their_titles_whatever_the_script_of_a_name(cloud: Simulator) -> None:
    """Characters of East Asia take two cells."""
    cloud.patch_instance(WEB_1, instance_name="機器一")
    lines = COLOUR.sub("", in_terminal(200, "instances")[1]).splitlines()
    assert lines[1].index("RUNNING") + len("機器一") == lines[2].index("RUNNING")


@pytest.mark.parametrize("command", ["images", "keys", "instances"])
def test_help_teaches(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Which input the ids are for, where credentials come from, and examples."""
    with pytest.raises(SystemExit):
        main([command, "--help"])
    text = capsys.readouterr().out
    inputs = {"images": "image_id", "keys": "key_id", "instances": "instance_id"}
    assert all(word in text for word in (inputs[command], "ZENLAYERCLOUD_", "Examples:"))
