"""`doctor --terraform`: machines that Terraform and the stack both own, by the configuration that says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from zec_pulumi.doctor.terraform import SET_BY_A_REBUILD, look
from zec_pulumi.terraform.configuration import block_of, declared
from zec_pulumi.terraform.errors import TerraformError

if TYPE_CHECKING:
    from pathlib import Path

WEB_1, WEB_2, NODE = "1272168087751233112", "1272168087751233113", "1272168087751233120"
ALL = f"[{', '.join(SET_BY_A_REBUILD)}]"


def resource(lifecycle: str = "", more: str = "", name: str = "web") -> str:
    return f'resource "zenlayercloud_zec_instance" "{name}" {{\n  image_id = "x"\n  {more}\n  {lifecycle}\n}}\n'


def ignoring(names: str) -> str:
    return f"lifecycle {{\n    prevent_destroy = true\n    ignore_changes  = {names}\n  }}"


def state(**ids: str) -> dict[str, Any]:
    """Return a state file: each address without its type, and the id of its only instance."""
    resources = [
        {
            **({"module": address.rpartition("__")[0]} if "__" in address else {}),
            "mode": "managed",
            "type": "zenlayercloud_zec_instance",
            "name": address.rpartition("__")[2],
            "instances": [{"schema_version": 0, "attributes": {"id": id_, "password": "Never-Shown-1"}}],
        }
        for address, id_ in ids.items()
    ]
    head = {"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "l", "outputs": {}}
    return {**head, "resources": resources}


def exported(**ids: str) -> dict[str, Any]:
    """Return a stack that owns the operating systems of these instances."""
    start = "urn:pulumi:prod::shop::pulumi-python:dynamic/zec:InstanceOsImage"
    return {
        "version": 3,
        "deployment": {
            "resources": [
                {"urn": "urn:pulumi:prod::shop::pulumi:pulumi:Stack::shop-prod", "type": "pulumi:pulumi:Stack"},
                *(
                    {
                        "urn": f"{start}::{name}",
                        "type": "pulumi-python:dynamic/zec:InstanceOsImage",
                        "id": id_,
                        "inputs": {"instanceId": id_, **({"instanceName": "n"} if name == "named" else {})},
                    }
                    for name, id_ in ids.items()
                ),
            ]
        },
    }


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Terraform folder with a local state, on a machine without Terraform."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    made = tmp_path / "network"
    made.mkdir()
    (made / "terraform.tfstate").write_text(json.dumps(state(web=WEB_1)))
    return made


def findings(patient: Any, folder: Path, **ids: str) -> list[tuple[str, str, str]]:
    patient.pulumi(state=exported(**ids))
    return [(f.level, f.text, f.fix) for f in look(folder, None, patient.environ, patient.project)]


def test_what_both_would_reinstall_is_a_problem_with_the_lines_to_add(patient: Any, folder: Path) -> None:
    """Which machine, by both names, which attributes, which file, and the whole block to write."""
    (folder / "main.tf").write_text(resource())
    ((level, text, fix),) = findings(patient, folder, web=WEB_1)
    assert level == "problem"
    assert text.startswith(
        f"{WEB_1} (zenlayercloud_zec_instance.web, resource web): after a rebuild the next terraform"
    )
    assert "sets image_id, key_id, password, time_zone, disable_qga_agent back, which reinstalls" in text
    assert fix == f"in {folder / 'main.tf'}, resource web: lifecycle {{ ignore_changes = {ALL} }}"


def test_only_what_is_missing_is_named_and_what_is_there_is_kept(patient: Any, folder: Path) -> None:
    """The list to write has both."""
    (folder / "main.tf").write_text(resource(ignoring('[tags, "image_id", key_id]')))
    ((_, text, fix),) = findings(patient, folder, web=WEB_1)
    assert "sets password, time_zone, disable_qga_agent back" in text
    assert fix.endswith("ignore_changes = [image_id, key_id, tags, password, time_zone, disable_qga_agent] }")


@pytest.mark.parametrize("names", [ALL, "all"])
def test_what_terraform_ignores_is_well(patient: Any, folder: Path, names: str) -> None:
    """A list of all of them, or the word for everything."""
    (folder / "main.tf").write_text(resource(ignoring(names)))
    ((level, text, _),) = findings(patient, folder, web=WEB_1)
    assert level == "ok"
    assert text.endswith(": Terraform ignores what a rebuild sets")


def test_the_json_syntax_says_the_same(patient: Any, folder: Path) -> None:
    """Names are quoted there."""
    body = {"image_id": "x", "lifecycle": {"ignore_changes": [*SET_BY_A_REBUILD]}}
    document = {"resource": {"zenlayercloud_zec_instance": {"web": body}}}
    (folder / "main.tf.json").write_text(json.dumps(document))
    assert [level for level, _, _ in findings(patient, folder, web=WEB_1)] == ["ok"]


def test_machines_of_modules_are_found_by_terraform_s_own_manifest(patient: Any, folder: Path) -> None:
    """Without their indexes; a module that was not installed is said to be missing."""
    machines = state(web=WEB_1)
    machines["resources"][0]["module"] = 'module.site["eu"].module.inner'
    (folder / "terraform.tfstate").write_text(json.dumps(machines))
    (folder / "main.tf").write_text('module "site" {\n  source = "./site"\n}\n')
    ((level, text, fix),) = findings(patient, folder, web=WEB_1)
    assert (level, "which no file of the configuration declares" in text) == ("warning", True)
    assert "terraform init" in fix

    inner = folder / "site" / "inner"
    inner.mkdir(parents=True)
    (inner / "node.tf").write_text(resource())
    manifest = folder / ".terraform" / "modules" / "modules.json"
    manifest.parent.mkdir(parents=True)
    listed = [{"Key": "", "Source": "", "Dir": "."}, {"Key": "site.inner", "Source": "./inner", "Dir": "site/inner"}]
    manifest.write_text(json.dumps({"Modules": listed}))
    ((level, text, fix),) = findings(patient, folder, web=WEB_1)
    assert level == "problem"
    assert str(inner / "node.tf") in fix


def test_two_owners_of_a_name_and_a_machine_that_is_kept_running_are_warnings(patient: Any, folder: Path) -> None:
    """Neither wipes anything, and both surprise."""
    more = 'instance_name = "web-1"\n  running_flag = true'
    (folder / "main.tf").write_text(resource(ignoring(ALL), more))
    levels = {text.partition(": ")[2]: level for level, text, _ in findings(patient, folder, named=WEB_1)}
    assert levels == {
        "Terraform ignores what a rebuild sets": "ok",
        "the program and zenlayercloud_zec_instance.web both set the name": "warning",
        "running_flag = true, so an apply during a rebuild starts the machine that was powered off": "warning",
    }


def test_machines_of_terraform_alone_are_counted(patient: Any, folder: Path) -> None:
    """They are nobody's problem."""
    (folder / "terraform.tfstate").write_text(json.dumps(state(web=WEB_1, other=WEB_2, third=NODE)))
    (folder / "main.tf").write_text(resource(ignoring(ALL)) + resource(name="other") + resource(name="third"))
    levels = findings(patient, folder, web=WEB_1)
    assert [level for level, _, _ in levels] == ["ok", "ok"]
    assert f"2 instances are of {folder} not in this stack" in levels[1][1]


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        (
            "main.tf",
            'resource "zenlayercloud_zec_instance" "web" { password = "Never-Shown-1"',
            "main.tf cannot be read",
        ),
        ("main.tf.json", "{", "main.tf.json cannot be read"),
        ("notes.txt", "", "holds no Terraform configuration"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_a_problem(
    patient: Any, folder: Path, file: str, text: str, sentence: str
) -> None:
    """It names the file, and never what stands in it."""
    (folder / file).write_text(text)
    ((level, said, fix),) = findings(patient, folder, web=WEB_1)
    assert level == "problem"
    assert sentence in said
    assert "Never-Shown" not in said + fix


def test_a_broken_manifest_names_init(folder: Path) -> None:
    """Terraform writes it, so it is Terraform that writes it again."""
    manifest = folder / ".terraform" / "modules" / "modules.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("[]")
    with pytest.raises(TerraformError, match="run `terraform init` again"):
        declared(folder)


def test_a_state_that_cannot_be_read_is_a_problem(patient: Any, tmp_path: Path) -> None:
    """An empty folder, on a machine with neither state nor command."""
    ((level, _, fix),) = findings(patient, tmp_path / "project", web=WEB_1)
    assert level == "problem"
    assert fix


def test_a_stack_that_cannot_be_read_is_said(patient: Any, folder: Path) -> None:
    """A warning, or a problem when it was named."""
    (folder / "main.tf").write_text(resource())
    patient.pulumi(error="error: no stack selected")
    for stack, level in ((None, "warning"), ("prod", "problem")):
        (finding,) = look(folder, stack, patient.environ, patient.project)
        assert (finding.level, "no stack selected" in finding.text) == (level, True)


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("zenlayercloud_zec_instance.web[0]", "zenlayercloud_zec_instance.web"),
        ('module.a["x].y"].zenlayercloud_zec_instance.web["\\"q\\""]', "module.a.zenlayercloud_zec_instance.web"),
    ],
)
def test_an_address_without_its_indexes_is_the_block_s(address: str, block: str) -> None:
    """Keys of for_each may hold anything."""
    assert block_of(address) == block


def test_it_is_asked_for_on_the_command_line(patient: Any, folder: Path) -> None:
    """The exit status is 1 for a machine that both would reinstall."""
    (folder / "main.tf").write_text(resource())
    patient.pulumi(state=exported(web=WEB_1))
    code, text = patient.run("doctor", "--terraform", str(folder))
    assert code == 1
    assert "problem  terraform" in text
    assert f"ignore_changes = {ALL}" in text
    assert "Never-Shown" not in text
