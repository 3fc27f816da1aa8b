"""The machines of a state, and nothing that is secret."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING, Any

import pytest

from zec_pulumi import terraform

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WEB = "zenlayercloud_zec_instance.web"
NODES = ["zenlayercloud_zec_instance.node[0]", "zenlayercloud_zec_instance.node[1]"]
DB = 'module.region["eu $${west}"].module.data[0].zenlayercloud_zec_instance.db["primary \\"a\\" 100%%{x}"]'
SECRET = "Never-Copied-1"


def test_count_for_each_and_modules_are_keyed_by_terraforms_addresses(path: Path) -> None:
    """Quotes and template signs in keys are written as Terraform writes them; a deposed object is left out."""
    assert {address: one.id[-3:] for address, one in terraform.instances(path).items()} == {
        WEB: "112",
        NODES[0]: "113",
        NODES[1]: "114",
        DB: "121",
    }


def test_an_instance_has_its_id_name_zone_image_key_and_addresses(path: Path) -> None:
    """All of it as Terraform last saw it."""
    assert terraform.instances(path)[WEB] == terraform.Instance(
        address=WEB,
        id="1272168087751233112",
        name="web-1",
        zone="asia-east-1a",
        image_id="ubuntu2204_20240712",
        key_id="key-YWD2QFOl",
        public_ip_addresses=("203.0.113.11",),
        private_ip_addresses=("10.0.0.11",),
    )


def test_an_empty_key_is_none(path: Path) -> None:
    """Terraform keeps an empty text for a machine with a password."""
    assert terraform.instances(path)[NODES[1]].key_id is None


def test_no_secret_of_the_state_is_copied(path: Path) -> None:
    """Neither the password of an instance, nor an output, nor another resource's."""
    assert SECRET in path.read_text("utf-8")
    assert SECRET not in repr(terraform.instances(path))


def test_all_forms_of_a_source_give_the_same(path: Path) -> None:
    """A path, its text, the JSON as text and as a mapping."""
    text = path.read_text("utf-8")
    expected = terraform.instances(path)
    for source in (str(path), text, f"\n{text}", json.loads(text)):
        assert terraform.instances(source) == expected


def test_a_byte_order_mark_does_no_harm(tmp_path: Path, path: Path) -> None:
    """PowerShell writes one when it redirects output."""
    copy = tmp_path / "copy.json"
    copy.write_text(path.read_text("utf-8"), "utf-8-sig")
    assert terraform.instances(copy) == terraform.instances(path)


def test_what_is_returned_is_read_only(path: Path) -> None:
    """Neither the mapping nor an instance can be changed."""
    found: Any = terraform.instances(path)
    with pytest.raises(TypeError):
        found[WEB] = None
    with pytest.raises(FrozenInstanceError):
        found[WEB].id = "1"


@pytest.mark.parametrize(
    ("attribute", "field", "left"),
    [
        ("image_id", "image_id", None),
        ("instance_name", "name", None),
        ("public_ip_addresses", "public_ip_addresses", ()),
    ],
)
def test_a_value_marked_in_a_state_file_is_left_out(
    state: dict[str, Any], attribute: str, field: str, left: object
) -> None:
    """The mark may be on the whole value, or deeper in it."""
    resource = next(one for one in state["resources"] if one["name"] == "web")
    resource["instances"][0]["sensitive_attributes"].append(
        [{"type": "get_attr", "value": attribute}, {"type": "index", "value": {"value": 0, "type": "number"}}]
    )
    assert getattr(terraform.instances(state)[WEB], field) == left


def web_of(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resource `web` of an output of `show -json`."""
    resources = shown["values"]["root_module"]["resources"]
    found: dict[str, Any] = next(one for one in resources if one["address"] == WEB)
    return found


@pytest.mark.parametrize(
    ("marks", "field", "left"),
    [
        ({"image_id": True}, "image_id", None),
        ({"public_ip_addresses": [True]}, "public_ip_addresses", ()),
        ({"public_ip_addresses": {"0": True}}, "public_ip_addresses", ()),
        ({"public_ip_addresses": [False]}, "public_ip_addresses", ("203.0.113.11",)),
        (None, "image_id", "ubuntu2204_20240712"),
    ],
)
def test_a_value_marked_in_show_json_is_left_out(shown: dict[str, Any], marks: Any, field: str, left: object) -> None:
    """`false` is no mark."""
    web_of(shown)["sensitive_values"] = marks
    assert getattr(terraform.instances(shown)[WEB], field) == left


@pytest.mark.parametrize("marks", [{"id": True}, True])
def test_a_sensitive_id_is_refused(shown: dict[str, Any], marks: Any) -> None:
    """Without its id an instance is of no use, and leaving it out silently would lose a machine."""
    web_of(shown)["sensitive_values"] = marks
    with pytest.raises(terraform.TerraformError, match=r"\.web in the given document has an id that .* sensitive"):
        terraform.instances(shown)
