"""The page about the simulator knows all of it, and its examples work."""

from __future__ import annotations

import json
import re
import shlex
import typing
from pathlib import Path
from typing import Any

import pytest

from zec_pulumi.cli.main import main
from zec_pulumi.simulator.actions import ACTIONS
from zec_pulumi.simulator.effects import Effect

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text("utf-8")
CURLS = re.findall(r"^    (curl .*(?:\n {6,}.*)*)", PAGE, flags=re.MULTILINE)


def test_every_effect_is_in_the_page_with_its_fields() -> None:
    """An effect nobody knows of is of no use."""
    for effect in typing.get_args(typing.get_args(Effect)[0]):
        (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{effect(**_least(effect)).type}` |")]
        for field in effect.model_fields.values():
            assert field.alias == "type" or f"`{field.alias}`" in row


def _least(effect: Any) -> dict[str, Any]:
    """Return values for the fields an effect requires."""
    least = {"code": "X", "status": 400, "location": "x", "seconds": 0, "reads": 1}
    kind = typing.get_args(effect.model_fields["type"].annotation)[0]
    required = [name for name, field in effect.model_fields.items() if field.is_required() and name != "type"]
    return {"type": kind, **{name: least[name] for name in required}}


def test_every_action_has_a_row() -> None:
    """So that a client's author sees at once whether it is enough; what is in no version any more has none."""
    table = PAGE.split("## Clients and actions")[1].split("\n\n")[1]
    rows = {name.strip(): row for row in table.splitlines()[2:] for name in row.split("|")[1].split(",")}

    assert rows.keys() == {name for _, _, name in ACTIONS}
    assert all(f"`{service}`" in rows[name] for service, _, name in ACTIONS)


def test_every_option_is_in_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """The page and the help say the same."""
    with pytest.raises(SystemExit):
        main(["simulator", "--help"])

    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    assert all(f"| `{option}" in PAGE for option in options)


@pytest.mark.parametrize("command", CURLS)
def test_example_is_accepted(sim: Any, api: Any, command: str) -> None:
    """Each curl of the page does something here."""
    words = shlex.split(command.replace("\\\n", " "))
    method = words[words.index("-X") + 1] if "-X" in words else "POST"
    body = json.loads(words[words.index("-d") + 1])
    url = words[-1].replace("http://127.0.0.1:8765", sim.url)

    assert api.session.request(method, url, json=body, timeout=10).status_code == 200


def test_there_are_examples() -> None:
    """The pattern above finds them."""
    assert len(CURLS) == 8
