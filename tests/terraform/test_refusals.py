"""What is not a readable state is refused in one sentence, which never quotes it."""

from __future__ import annotations

import json
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from zec_pulumi import terraform
from zec_pulumi.api import ZecError

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "Never-Copied-1"
STATE = {"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "87950bcb", "outputs": {}}
SHOWN = {"format_version": "1.0", "terraform_version": "1.11.4"}

REFUSED: dict[str, tuple[Any, str]] = {
    "no path": ("", "no source of a Terraform state is given"),
    "no such file": ("nowhere/terraform.tfstate", "cannot be read .No such file"),
    "not JSON": (f'{{"{SECRET}', "is neither a Terraform state file nor"),
    "too deep": ('{"a":' * 100_000, "is neither a Terraform state file nor"),
    "a list": (f'["{SECRET}"]', "is neither a Terraform state file nor"),
    "any JSON": ({"some": SECRET}, "is neither a Terraform state file nor"),
    "package.json": ({"name": SECRET, "version": "1.0.0"}, "is neither a Terraform state file nor"),
    "a Pulumi stack": ({"version": 3, "deployment": {"secrets": SECRET}}, "is neither a Terraform state file nor"),
    "encrypted": (
        {"serial": 1, "lineage": "a", "meta": {"key_provider.pbkdf2.k": "e30="}, "encrypted_data": SECRET},
        "OpenTofu has encrypted; save the output of `tofu show -json`",
    ),
    "backend only": ({"version": 3, "serial": 1, "lineage": "a", "backend": {"config": SECRET}}, "in which backend"),
    "newer state": ({**STATE, "version": 5}, "of version 5, and only version 4 can be read; update zec_pulumi"),
    "older state": ({**STATE, "version": 3}, "of version 3, .*; run `terraform apply` once"),
    "state without resources": ({**STATE, "resources": []}, "holds no zenlayercloud_zec_instance"),
    "state with another layout": ({**STATE, "resources": SECRET}, r"not laid out as .* at resources \(list_type\)"),
    "plan": ({**SHOWN, "format_version": "1.2", "planned_values": {"root_module": {}}}, "is a plan, not a state"),
    "newer format": ({**SHOWN, "format_version": "2.0", "values": {}}, "has format 2.0 .* update zec_pulumi"),
    "older format": ({**SHOWN, "format_version": "0.2", "values": {}}, "has format 0.2 .* use Terraform 1.1 or later"),
    "empty": (SHOWN, "is an empty state"),
    "nothing of ours": ({**SHOWN, "values": {"root_module": {}}}, "holds no zenlayercloud_zec_instance"),
    "shown with another layout": ({**SHOWN, "values": SECRET}, "is not laid out as a Terraform state"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_source_is_refused_and_not_quoted(case: str) -> None:
    """Neither the sentence nor the traceback around it holds anything of the document."""
    source, sentence = REFUSED[case]
    with pytest.raises(terraform.TerraformError, match=sentence) as refused:
        terraform.instances(source)
    assert isinstance(refused.value, ZecError)
    assert SECRET not in "".join(traceback.format_exception(refused.value)[-1:])
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b" \n", "empty"),
        (b"[]", "neither a Terraform state file"),
        (b"\xff\xfe\x00", "neither a Terraform state file"),
    ],
)
def test_a_file_is_refused_by_its_name(tmp_path: Path, content: bytes, sentence: str) -> None:
    """The sentence says which file."""
    (tmp_path / "copy.json").write_bytes(content)
    with pytest.raises(terraform.TerraformError, match=rf"copy\.json is {sentence}"):
        terraform.instances(tmp_path / "copy.json")


@pytest.mark.parametrize(("attribute", "value"), [("id", 1272168087751233112), ("id", ""), ("image_id", [SECRET])])
def test_an_attribute_of_another_type_is_named_and_not_quoted(
    state: dict[str, Any], attribute: str, value: object
) -> None:
    """A bare number as an id has lost digits on its way."""
    state["resources"][1]["instances"][0]["attributes"][attribute] = value
    with pytest.raises(terraform.TerraformError) as refused:
        terraform.instances(state)
    assert "zenlayercloud_zec_instance.node[0] in the given document is not laid out" in str(refused.value)
    assert f"at {attribute} (" in str(refused.value)
    assert SECRET not in str(refused.value)


def test_an_object_without_attributes_is_refused(state: dict[str, Any]) -> None:
    """A state that Terraform 0.11 wrote and nothing has refreshed since has flat attributes."""
    del state["resources"][1]["instances"][0]["attributes"]
    with pytest.raises(terraform.TerraformError, match=r"at attributes \(missing\)"):
        terraform.instances(json.dumps(state))
