"""The real `tofu`, and `terraform` where it is installed: what it prints is what is read.

The provider is a stand-in, tools/terraform_provider, on the simulated cloud: the real one comes from
Terraform's own registry, which the tests do without.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from zec_pulumi import terraform
from zec_pulumi.simulator import Simulator
from zec_pulumi.terraform import configuration
from zec_pulumi.terraform.resource_addresses import place_of

if TYPE_CHECKING:
    from terraform_driver import Folder

pytestmark = pytest.mark.slow

STATE = Path(__file__).parent / "states" / "state-v4.json"
JAMMY, NOBLE = "ubuntu2204_20240712", "ubuntu2404_20240712"
TYPE = "zenlayercloud_zec_instance"

REQUIRED = 'terraform {\n  required_providers {\n    zenlayercloud = { source = "zenlayer/zenlayercloud" }\n  }\n}\n'
MACHINE = """
  availability_zone = "asia-east-1a"
  instance_type     = "z2a.cpu.2"
  subnet_id         = "subnet-0001"
  system_disk_size  = 40
  image_id          = "ubuntu2204_20240712"
"""
NODES = f"""{REQUIRED}
resource "{TYPE}" "node" {{
  for_each = toset(["a b", "$${{c}}"])
{MACHINE}
  key_id = "key-YWD2QFOl"
}}
"""
ROOT_MODULE = f"""{REQUIRED}
module "eu" {{
  source   = "./nodes"
  for_each = toset(["west"])
}}

resource "{TYPE}" "web" {{
  count = 2
{MACHINE}
  instance_name = "web-${{count.index + 1}}"
  password      = "Never-Copied-1"
}}
"""


def refusal(folder: Folder) -> str:
    with pytest.raises(terraform.TerraformError) as refused:
        terraform.instances(folder.path)
    return str(refused.value)


def test_modules_count_and_for_each_are_read_as_the_command_prints_them(folder: Folder) -> None:
    """From the folder, from `state pull`, and from a saved `show -json`: the same machines, and no secret."""
    (folder.path / "main.tf").write_text(ROOT_MODULE)
    (folder.path / "nodes").mkdir()
    (folder.path / "nodes" / "main.tf").write_text(NODES)
    folder.run("get")
    folder.apply()
    found = terraform.instances(folder.path)
    node = f'module.eu["west"].{TYPE}.node'
    assert set(found) == {f"{TYPE}.web[0]", f"{TYPE}.web[1]", f'{node}["a b"]', f'{node}["$${{c}}"]'}
    created = {entry["instanceId"] for entry in folder.cloud.ledger()}
    assert {one.id for one in found.values()} == created
    web = found[f"{TYPE}.web[1]"]
    assert (web.name, web.zone, web.image_id, web.key_id) == ("web-2", "asia-east-1a", JAMMY, None)
    assert len(web.private_ip_addresses) == 1
    assert found[f'{node}["a b"]'].key_id == "key-YWD2QFOl"
    assert terraform.instances(folder.run("state", "pull").stdout) == found
    saved = folder.path / "saved.json"
    saved.write_text(folder.run("show", "-json").stdout)
    assert "Never-Copied-1" in saved.read_text()
    assert terraform.instances(saved) == found
    assert "Never-Copied-1" not in repr(found)
    # Every address leads to its block, by the modules that the command wrote down.
    folders = configuration.folders(folder.path, folder.environ)
    for place in map(place_of, found):
        assert place.name in configuration.read(folders[place.module], tofu=folder.name == "tofu")


def test_a_folder_that_was_never_applied_is_an_empty_state(folder: Folder) -> None:
    """So is one without any configuration."""
    assert "is an empty state; run `terraform apply` first" in refusal(folder)
    (folder.path / "main.tf").write_text(NODES)
    assert "is an empty state; run `terraform apply` first" in refusal(folder)


def test_other_resources_are_no_instances(folder: Folder) -> None:
    """A state that has something, and nothing of this provider."""
    (folder.path / "main.tf").write_text('resource "terraform_data" "a" {\n  input = "x"\n}\n')
    folder.run("init")
    folder.apply()
    assert f"holds no {TYPE}" in refusal(folder)


def test_a_plan_is_refused(folder: Folder) -> None:
    """What is planned is not there yet."""
    (folder.path / "main.tf").write_text('resource "terraform_data" "a" {\n  input = "x"\n}\n')
    folder.run("init")
    folder.run("plan", "-out=plan")
    with pytest.raises(terraform.TerraformError, match="is a plan, not a state"):
        terraform.instances(folder.run("show", "-json", "plan").stdout)


def test_without_the_provider_the_error_names_init(folder: Folder) -> None:
    """The command cannot show a state whose provider is not installed; `state pull` can be read without it."""
    (folder.path.parent / "rc").write_text("")
    (folder.path / "main.tf").write_text(REQUIRED)
    shutil.copy(STATE, folder.path / "terraform.tfstate")
    text = refusal(folder)
    assert "failed with status 1: Failed to load plugin schemas" in text
    assert "zenlayer/zenlayercloud" in text
    assert f"run `{folder.name} init` in it" in text
    assert not re.search(r"[\n\x1b│]", text)
    assert terraform.instances(folder.run("state", "pull").stdout) == terraform.instances(STATE)


def test_a_configuration_that_is_wrong_is_told_by_the_command(folder: Folder) -> None:
    """In one line, with the file and the line that it names."""
    (folder.path / "main.tf").write_text('resource "terraform_data" "a" {\n  input = = "x"\n}\n')
    shutil.copy(STATE, folder.path / "terraform.tfstate")
    text = refusal(folder)
    assert "main.tf line 2" in text
    assert "\n" not in text


def test_a_backend_that_was_not_initialised_is_told_by_the_command(folder: Folder) -> None:
    """As in a fresh checkout of a repository whose state is elsewhere; after `init` it is read from there."""
    backend = 'terraform {\n  backend "local" {\n    path = "elsewhere.tfstate"\n  }\n}\n'
    (folder.path / "main.tf").write_text(f'{backend}resource "terraform_data" "a" {{\n  input = "x"\n}}\n')
    assert "Backend initialization required" in refusal(folder)
    folder.run("init")
    folder.apply()
    assert not (folder.path / "terraform.tfstate").exists()
    assert f"holds no {TYPE}" in refusal(folder)
    with pytest.raises(terraform.TerraformError, match="only says in which backend the state is kept"):
        terraform.instances(folder.path / ".terraform" / "terraform.tfstate")


@pytest.mark.parametrize("folder", ["tofu"], indirect=True)
def test_an_encrypted_state_is_refused_as_a_file_and_read_through_the_folder(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only OpenTofu has it; the key comes from its environment."""
    key = 'key_provider "pbkdf2" "k" {\n  passphrase = "correct horse battery staple"\n}'
    method = 'method "aes_gcm" "m" {\n  keys = key_provider.pbkdf2.k\n}'
    folder.more["TF_ENCRYPTION"] = f"{key}\n{method}\nstate {{\n  method = method.aes_gcm.m\n}}"
    (folder.path / "main.tf").write_text(NODES)
    folder.apply()
    with pytest.raises(terraform.TerraformError, match="is a state that OpenTofu has encrypted"):
        terraform.instances(folder.path / "terraform.tfstate")
    monkeypatch.setenv("TF_ENCRYPTION", folder.more["TF_ENCRYPTION"])
    assert len(terraform.instances(folder.path)) == 2


def test_an_imported_machine_is_read_and_has_a_clean_plan(folder: Folder) -> None:
    """A machine that nobody's Terraform created; importing changes nothing."""
    web_1 = folder.cloud.instance("1272168087751233112")
    attributes = {
        "availability_zone": web_1["zoneId"],
        "instance_type": web_1["instanceType"],
        "subnet_id": web_1["subnetId"],
        "system_disk_size": web_1["systemDisk"]["diskSize"],
        "image_id": web_1["imageId"],
        "key_id": web_1["keyId"],
        "instance_name": web_1["instanceName"],
        "tags": {tag["key"]: tag["value"] for tag in web_1["tags"]},
    }
    lines = "\n".join(f"  {name} = {json.dumps(value)}" for name, value in attributes.items())
    (folder.path / "main.tf").write_text(f'{REQUIRED}\nresource "{TYPE}" "web" {{\n{lines}\n}}\n')
    folder.run("import", f"{TYPE}.web", "1272168087751233112")
    assert terraform.instances(folder.path)[f"{TYPE}.web"].image_id == web_1["imageId"]
    assert not folder.changes()
    assert folder.cloud.ledger() == []


@pytest.mark.parametrize("transition", ["REBUILDING", "DEPLOYING"])
def test_a_changed_image_is_reinstalled_by_an_apply(
    folder: Folder, transition: Literal["REBUILDING", "DEPLOYING"]
) -> None:
    """The provider waits on REBUILDING alone; after the other word its apply fails, and its next plan is clean."""
    with Simulator(rebuild_seconds=2, stop_seconds=0.2, transition=transition) as folder.cloud:
        (folder.path / "main.tf").write_text(NODES)
        folder.apply()
        (folder.path / "main.tf").write_text(NODES.replace(JAMMY, NOBLE))
        done = folder.run("apply", "-auto-approve", statuses=(0, 1))
        assert (done.returncode, "unexpected state 'DEPLOYING'" in done.stderr) == (
            (0, False) if transition == "REBUILDING" else (1, True)
        )
        assert not folder.changes()
        actions = [entry["action"] for entry in folder.cloud.ledger()]
        assert sorted(actions[2:]) == ["ResetInstance"] * 2 + ["StopInstances"] * 2


def _native(lifecycle: str = "", name: str = "web") -> str:
    return f'{REQUIRED}\nresource "{TYPE}" "{name}" {{\n{MACHINE}\n  key_id = "key-YWD2QFOl"\n  {lifecycle}\n}}\n'


def _override(lifecycle: str) -> str:
    return f'resource "{TYPE}" "web" {{\n  {lifecycle}\n}}\n'


def _json(lifecycle: object, *, lists: bool = False) -> str:
    attributes = dict(re.findall(r'(\w+) += "?([^"\n]+)', MACHINE))
    body: object = {**attributes, "key_id": "key-YWD2QFOl", "lifecycle": lifecycle}
    wrapped = [{"web": [body]}] if lists else {"web": body}
    required = {"required_providers": {"zenlayercloud": {"source": "zenlayer/zenlayercloud"}}}
    return json.dumps({"terraform": required, "resource": [{TYPE: wrapped}] if lists else {TYPE: wrapped}})


SPELLINGS: dict[str, dict[str, str]] = {
    "nothing": {"main.tf": _native()},
    "a comment": {"main.tf": _native("# lifecycle { ignore_changes = all }")},
    "another argument": {"main.tf": _native("lifecycle {\n    prevent_destroy = true\n  }")},
    "an empty list": {"main.tf": _native("lifecycle {\n    ignore_changes = []\n  }")},
    "another attribute": {"main.tf": _native("lifecycle {\n    ignore_changes = [key_id]\n  }")},
    "the attribute": {"main.tf": _native("lifecycle { ignore_changes = [image_id] }")},
    "lines and comments": {
        "main.tf": _native("lifecycle {\n    ignore_changes = [\n      key_id, # a\n      image_id, // b\n    ]\n  }")
    },
    "quotes": {"main.tf": _native('lifecycle {\n    ignore_changes = ["image_id"]\n  }')},
    "all": {"main.tf": _native("lifecycle {\n    ignore_changes = all\n  }")},
    "an override": {"main.tf": _native(), "a_override.tf": _override("lifecycle {\n    ignore_changes = all\n  }")},
    "an override that takes it back": {
        "main.tf": _native("lifecycle {\n    ignore_changes = [image_id]\n  }"),
        "override.tf": _override("lifecycle {\n    ignore_changes = [key_id]\n  }"),
    },
    "an override of something else": {
        "main.tf": _native("lifecycle {\n    ignore_changes = [image_id]\n  }"),
        "override.tf": _override("lifecycle {\n    prevent_destroy = true\n  }"),
    },
    "JSON": {"main.tf.json": _json({"ignore_changes": ["image_id"]})},
    "JSON, another": {"main.tf.json": _json({"ignore_changes": ["key_id"]})},
    "JSON, all": {"main.tf.json": _json({"ignore_changes": "all"})},
    "JSON in lists": {"main.tf.json": _json([{"ignore_changes": ["image_id"]}], lists=True)},
    "a file of OpenTofu": {
        "main.tf": _native(),
        "main.tofu": _native("lifecycle {\n    ignore_changes = [image_id]\n  }"),
    },
    "an editor's": {"main.tf": _native(), "main.tf~": _native("lifecycle { ignore_changes = all }")},
}


def test_what_is_ignored_is_read_as_the_command_reads_it(folder: Folder) -> None:
    """The image of a machine is changed outside; whether a plan has changes is what the files are read to say."""
    (folder.path / "main.tf").write_text(_native())
    folder.apply()
    (machine,) = terraform.instances(folder.path).values()
    folder.cloud.patch_instance(machine.id, imageId=NOBLE)
    told, planned = {}, {}
    for spelling, files in SPELLINGS.items():
        for path in [*folder.path.glob("*.tf*"), *folder.path.glob("*.tofu")]:
            if "tfstate" not in path.name:
                path.unlink()
        for name, text in files.items():
            (folder.path / name).write_text(text)
        told[spelling] = not configuration.read(folder.path, tofu=folder.name == "tofu")["web"].ignores("image_id")
        planned[spelling] = folder.changes()
    assert told == planned
    assert set(planned.values()) == {True, False}
