"""`--terraform DIR`: instances that Terraform and the stack would both reinstall, and the lines to add."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from zec_pulumi.cli.doctor import terraform
from zec_pulumi.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    from zec_pulumi.cli.doctor.finding import Finding

FIVE = "image_id, key_id, password, time_zone, disable_qga_agent"
TYPE = "zenlayercloud_zec_instance"
SECRET = "Never-Printed-1"
URN = "urn:pulumi:dev::test::{type}::{name}"
OURS, IN_A_FLEET = (
    "pulumi-python:dynamic/zec:InstanceOsImage",
    "zec:index:Fleet$pulumi-python:dynamic/zec:InstanceOsImage",
)


@dataclass
class Pair:
    """A folder of Terraform and a stack of Pulumi, with stand-ins for both commands."""

    patient: Any
    machines: dict[str, str] = field(default_factory=dict)
    resources: list[dict[str, Any]] = field(default_factory=list)
    command: str = "terraform"
    marks: bool = False

    @property
    def folder(self) -> Path:
        folder: Path = self.patient.root / "network"
        return folder

    def write(self, text: str, name: str = "main.tf") -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def terraform_has(self, **instances: str) -> None:
        """Put machines into Terraform's state, by names at the root."""
        self.machines.update({f"{TYPE}.{name}": id_ for name, id_ in instances.items()})

    def pulumi_has(self, name: str, id_: str, type_: str = OURS, **inputs: Any) -> None:
        """Put a resource into the stack's state."""
        urn = URN.format(type=type_, name=name)
        self.resources.append({"urn": urn, "id": id_, "inputs": {"instanceId": id_, "password": SECRET, **inputs}})

    def findings(self, stack: str | None = "dev") -> list[Finding]:
        values = [
            {"address": address, "mode": "managed", "type": TYPE, "values": {"id": id_, "password": SECRET}}
            for address, id_ in self.machines.items()
        ]
        state = {"format_version": "1.0", "values": {"root_module": {"resources": values}}}
        self._answers(self.command, state if values else {"format_version": "1.0"})
        self._answers("pulumi", {"version": 3, "deployment": {"resources": self.resources or None}})
        found = terraform.check(self.folder, stack, self.patient.environ, self.patient.project, marks=self.marks)
        assert all(finding.check == "terraform" for finding in found)
        assert all(bool(finding.fix) == (finding.level != "ok") for finding in found)
        assert SECRET not in repr(found)
        return found

    def one(self, level: str) -> Finding:
        """Return the only finding of a level, after the summary."""
        found = [finding for finding in self.findings()[1:] if finding.level == level]
        assert len(found) == 1, found
        return found[0]

    def _answers(self, command: str, document: Any) -> None:
        self.patient.program(command, f"cat <<'END'\n{json.dumps(document)}\nEND")


@pytest.fixture
def pair(patient: Any) -> Pair:
    patient.environ["PATH"] = f"{patient.root / 'bin'}:/bin:/usr/bin"
    made = Pair(patient)
    made.folder.mkdir()
    return made


@pytest.fixture
def web(pair: Pair) -> Pair:
    """One machine that both have."""
    pair.terraform_has(web="101")
    pair.pulumi_has("web-1", "101")
    return pair


def resource(body: str, name: str = "web") -> str:
    return f'resource "{TYPE}" "{name}" {{\n  image_id = "ubuntu2204_20240712"\n  {body}\n}}\n'


def lifecycle(ignored: str) -> str:
    return resource(f"lifecycle {{\n    ignore_changes = {ignored}\n  }}")


def test_without_lifecycle_the_whole_block_is_to_be_added(web: Pair) -> None:
    """The line can be pasted as it is; instance and both names are told."""
    web.write(resource("count = 1"))
    finding = web.one("problem")
    assert finding.text == (
        f"{TYPE}.web and InstanceOsImage both reinstall 101 (web-1): Terraform does not ignore {FIVE}"
    )
    assert finding.fix == f'add `lifecycle {{ ignore_changes = [{FIVE}] }}` to resource "web" in {web.folder}/main.tf'


def test_a_lifecycle_without_the_list_gets_the_list(web: Pair) -> None:
    """A second block of that name would be an error."""
    web.write(resource("lifecycle {\n    prevent_destroy = true\n  }"))
    assert (
        web.one("problem").fix
        == f'add `ignore_changes = [{FIVE}]` to lifecycle of resource "web" in {web.folder}/main.tf'
    )


@pytest.mark.parametrize(
    ("ignored", "missing"),
    [
        ("[image_id]", "key_id, password, time_zone, disable_qga_agent"),
        ("[image_id, key_id, time_zone, disable_qga_agent,]", "password"),
        ('["image_id", "${key_id}", password]', "time_zone, disable_qga_agent"),
        ('[tags["image_id"]]', FIVE),
        ("[]", FIVE),
    ],
)
def test_only_what_is_missing_is_named(web: Pair, ignored: str, missing: str) -> None:
    """In the order of the documents; spellings of older configurations count, an element of a map does not."""
    web.write(lifecycle(ignored))
    assert web.one("problem").fix == f'add `{missing}` to ignore_changes of resource "web" in {web.folder}/main.tf'


@pytest.mark.parametrize("ignored", [f"[{FIVE}]", f"[tags, {FIVE}]", "all"])
def test_an_ignored_instance_is_well(web: Pair, ignored: str) -> None:
    """All of them by name, or everything."""
    web.write(lifecycle(ignored))
    assert web.one("ok").text == f"{TYPE}.web ignores what InstanceOsImage sets on 101 (web-1)"
    assert {finding.level for finding in web.findings()} == {"ok"}


@pytest.mark.parametrize("as_list", [False, True])
def test_the_json_syntax_gets_json_lines(web: Pair, as_list: bool) -> None:  # noqa: FBT001
    """Blocks are objects, or lists of objects at every level."""

    def wrapped(value: Any) -> Any:
        return [value] if as_list else value

    def write(body: dict[str, Any]) -> None:
        web.write(json.dumps(wrapped({"resource": wrapped({TYPE: wrapped({"web": wrapped(body)})})})), "main.tf.json")

    write({"image_id": "a"})
    names = ", ".join(f'"{name}"' for name in FIVE.split(", "))
    line = f'"ignore_changes": [{names}]'
    assert web.one("problem").fix == f'add `"lifecycle": {{ {line} }}` to resource "web" in {web.folder}/main.tf.json'
    write({"lifecycle": wrapped({"ignore_changes": ["image_id", "key_id", "password", "time_zone"]})})
    assert web.one("problem").fix.startswith('add `"disable_qga_agent"` to ignore_changes of')
    write({"lifecycle": wrapped({"ignore_changes": "all"})})
    assert web.one("ok")


def test_an_override_file_has_the_last_word(web: Pair) -> None:
    """Argument by argument: what it does not mention stays."""
    web.write(lifecycle("[image_id]"))
    web.write(lifecycle("all"), "web_override.tf")
    assert web.one("ok")
    web.write(resource('instance_name = "x"'), "web_override.tf")
    assert web.one("problem").fix.startswith("add `key_id, password")


def test_count_and_for_each_are_one_finding(pair: Pair) -> None:
    """A block is mended once, whatever it makes; the first few instances are named."""
    for number in range(5):
        pair.machines[f'{TYPE}.web["a.[{number}]"]'] = f"10{number}"
        pair.pulumi_has(f"web-{number}", f"10{number}")
    pair.write(resource("for_each = toset(var.names)"))
    assert "both reinstall 100 (web-0), 101 (web-1), 102 (web-2) and 2 more:" in pair.one("problem").text


def test_modules_are_found_where_init_wrote_them_down(pair: Pair) -> None:
    """One in the repository, and one that was fetched and is changed elsewhere."""
    pair.machines = {
        f'module.eu["x"].module.nodes[0].{TYPE}.web': "101",
        f"module.far.{TYPE}.web": "102",
        f"module.gone.{TYPE}.web": "103",
    }
    for id_ in ("101", "102", "103"):
        pair.pulumi_has(f"os-{id_}", id_)
    places = {"": ".", "eu": "eu", "eu.nodes": "modules/nodes", "far": ".terraform/modules/far"}
    listed = {"Modules": [{"Key": key, "Source": "", "Dir": folder} for key, folder in places.items()]}
    pair.write(json.dumps(listed), ".terraform/modules/modules.json")
    pair.write('module "eu" {\n  source = "./eu"\n}\n')
    pair.write(resource("", "other"), "eu/main.tf")
    for folder in ("modules/nodes", ".terraform/modules/far"):
        pair.write(resource(""), f"{folder}/main.tf")
    near, far, gone = [finding for finding in pair.findings() if finding.level != "ok"]
    assert near.text.startswith(f"module.eu.module.nodes.{TYPE}.web and InstanceOsImage both reinstall 101 (os-101)")
    assert near.fix.endswith(f'to resource "web" in {pair.folder}/modules/nodes/main.tf')
    assert far.fix.endswith("at the source of the module, because this file is a copy that init fetched")
    assert gone.text == f"the configuration of module.gone.{TYPE}.web is not on this disk"
    assert "run `init`" in gone.fix


def test_what_only_one_of_them_has_is_nobody_s_business(web: Pair) -> None:
    """The summary counts; no line is asked for where the stack owns nothing."""
    web.terraform_has(db="201")
    web.pulumi_has("other", "301")
    web.pulumi_has("a-bucket", "201", "aws:s3/bucket:Bucket")
    web.write(lifecycle("all") + resource("", "db"))
    first, *others = web.findings()
    assert first.level == "ok"
    assert first.text == (f"{web.folder} compared, by instances: 2 in Terraform's state, 2 in stack dev, 1 in both")
    assert [finding.level for finding in others] == ["ok"]


def test_the_old_half_of_a_replacement_owns_nothing(web: Pair) -> None:
    """The engine keeps it until its deletion, which only forgets."""
    web.resources[0]["delete"] = True
    web.write(resource(""))
    assert [finding.level for finding in web.findings()] == ["ok"]


def test_a_fleet_s_machines_count(pair: Pair) -> None:
    """Their type stands behind that of the fleet; a secret id is read from where it is not encrypted."""
    pair.terraform_has(web="101")
    pair.pulumi_has("m", "101", IN_A_FLEET, instanceId={"4dabf18193072939515e22adb298388d": "x", "ciphertext": "y"})
    pair.write(resource(""))
    assert "101 (m)" in pair.one("problem").text


def test_nothing_in_common_is_a_warning(web: Pair) -> None:
    """Most likely one of the three is the wrong one. A stack without any is only a stack without any."""
    web.machines = {f"{TYPE}.web": "999"}
    web.write(resource(""))
    (finding,) = web.findings()
    assert (finding.level, "0 in both" in finding.text) == ("warning", True)
    web.resources = []
    (finding,) = web.findings(None)
    assert finding.level == "ok"
    assert "0 in the selected stack" in finding.text


def test_two_owners_of_the_name_are_a_warning(web: Pair) -> None:
    """Only if the program sets one: what it omits is recorded and not wanted."""
    web.write(lifecycle(f"[{FIVE}]"))
    assert len(web.findings()) == 2
    web.resources[0]["inputs"]["instanceName"] = "web-1"
    finding = web.one("warning")
    assert finding.text == f"{TYPE}.web and the Pulumi program both name 101 (web-1)"
    add = f'add `instance_name` to ignore_changes of resource "web" in {web.folder}/main.tf'
    assert finding.fix == f"leave instance_name out of the program, or {add}"
    web.write(lifecycle(f"[{FIVE}, instance_name]"))
    assert len(web.findings()) == 2
    web.write(resource(""))
    assert web.one("warning").fix.endswith("or add `instance_name` to ignore_changes, too")


TAG = 'tags["zec-pulumi-attempt"]'


@pytest.mark.parametrize("tags", ["", 'tags = { role = "web" }'])
def test_a_tag_that_terraform_takes_off_is_a_warning(web: Pair, tags: str) -> None:
    """With or without tags of its own; only where rebuilds write it."""
    body = f"{tags}\n  lifecycle {{\n    ignore_changes = [{FIVE}]\n  }}"
    web.write(resource(body))
    assert len(web.findings()) == 2
    web.marks = True
    finding = web.one("warning")
    assert "takes off zec-pulumi-attempt" in finding.text
    assert finding.fix == f'add `{TAG}` to ignore_changes of resource "web" in {web.folder}/main.tf'
    web.write(resource(""))
    assert web.one("warning").fix == f"add `{TAG}` to ignore_changes, too"


@pytest.mark.parametrize("ignored", ["tags", TAG, "tags.zec-pulumi-attempt", 'tags[ "zec-pulumi-attempt" ]'])
def test_a_tag_that_terraform_ignores_is_well(web: Pair, ignored: str) -> None:
    web.marks = True
    web.write(lifecycle(f"[{FIVE}, {ignored}]"))
    assert {finding.level for finding in web.findings()} == {"ok"}
    web.write(lifecycle(f'[{FIVE}, tags["other"]]'))
    assert web.one("warning").fix


def test_the_tag_s_line_is_json_in_a_json_file(web: Pair) -> None:
    """And read back from there."""
    web.marks = True

    def write(*ignored: str) -> None:
        body = {"image_id": "a", "lifecycle": {"ignore_changes": [*FIVE.split(", "), *ignored]}}
        web.write(json.dumps({"resource": {TYPE: {"web": body}}}), "main.tf.json")

    write()
    line = json.dumps(TAG)
    assert web.one("warning").fix == f'add `{line}` to ignore_changes of resource "web" in {web.folder}/main.tf.json'
    write(TAG)
    assert {finding.level for finding in web.findings()} == {"ok"}


@pytest.mark.parametrize("value", ["true", "false", "var.on"])
def test_a_running_flag_is_a_warning(web: Pair, value: str) -> None:
    """Whichever way: it powers on what is off for its rebuild, or off what is on after it."""
    flag = f"running_flag = {value}\n  lifecycle {{\n    ignore_changes = [{FIVE}, other]\n  }}"
    web.write(resource(flag))
    assert "sets running_flag: an apply during a rebuild can power 101 (web-1) on or off" in web.one("warning").text
    web.write(resource(flag.replace("other", "running_flag")))
    assert len(web.findings()) == 2
    web.write(resource(flag.replace(value, "null")))
    assert len(web.findings()) == 2


def test_a_block_that_is_gone_is_a_warning(web: Pair) -> None:
    """The next apply would release the machine that the stack looks after."""
    web.write(resource("", "other"))
    assert "in Terraform's state and not in its configuration" in web.one("warning").text


def test_only_tofu_reads_its_own_files(web: Pair) -> None:
    """And there each of them instead of the one with the same name."""
    web.write(resource(""))
    web.write(lifecycle("all"), "main.tofu")
    assert web.one("problem")
    (web.patient.root / "bin" / "terraform").unlink()
    web.command = "tofu"
    web.patient.environ["PATH"] = str(web.patient.root / "bin")
    (web.patient.root / "bin" / "cat").symlink_to("/bin/cat")
    assert web.one("ok")


def test_files_that_terraform_skips_are_skipped(web: Pair) -> None:
    """Editors leave such."""
    web.write(lifecycle("all"))
    for name in (".#main.tf", "main.tf~", "#main.tf#", "main.tf.bak"):
        web.write("resource {", name)
    assert web.one("ok")


def test_a_file_that_is_not_understood_is_named_with_its_line(web: Pair) -> None:
    """And not quoted; one without such an instance is not even parsed."""
    web.write(lifecycle("all"))
    web.write(f"something {SECRET} else {{", "other.tf")
    assert web.one("ok")
    web.write(f'resource "{TYPE}" "web" {{\n  password = = "{SECRET}"\n}}\n', "broken.tf")
    finding = web.one("problem")
    assert finding.text.endswith("broken.tf is not understood near line 2")
    assert "validate" in finding.fix


def test_without_the_parser_its_installation_is_named(web: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra: nothing else of the package needs it."""
    monkeypatch.setitem(sys.modules, "hcl2", None)
    web.write(resource(""))
    finding = web.one("problem")
    assert "cannot be read without python-hcl2" in finding.text
    assert "pip install 'python-hcl2" in finding.fix


def test_a_state_that_cannot_be_read_is_a_problem(pair: Pair) -> None:
    """With Terraform's own reason and the remedy."""
    pair.write(resource(""))
    assert "is an empty state" in pair.findings()[0].text
    pair.patient.program("terraform", 'echo "Error: Failed to load plugin schemas" >&2; exit 1')
    (finding,) = terraform.check(pair.folder, None, pair.patient.environ, pair.patient.project, marks=False)
    assert finding.level == "problem"
    assert "failed with status 1: Failed to load plugin schemas" in finding.text
    assert "run `terraform init` in it" in finding.fix


def test_a_folder_without_configuration_is_a_problem(pair: Pair) -> None:
    """As is a file, and what is not there."""
    (finding,) = pair.findings()
    assert (finding.level, finding.text) == ("problem", f"{pair.folder} holds no Terraform configuration")
    pair.folder.rmdir()
    (finding,) = pair.findings()
    assert finding.text.endswith("network is not a folder")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'error: no stack named dev found' >&2; exit 255", "no stack named dev found"),
        ("echo hello", "`pulumi stack export` did not print a stack's state"),
        ("echo '{}'", "`pulumi stack export` did not print a stack's state"),
    ],
)
def test_a_stack_that_cannot_be_read_is_a_problem(web: Pair, script: str, reason: str) -> None:
    """Asked for on the command line, so never only a warning."""
    web.write(resource(""))
    web.findings()
    web.patient.program("pulumi", script)
    (finding,) = terraform.check(web.folder, "dev", web.patient.environ, web.patient.project, marks=False)
    assert (finding.level, finding.text) == ("problem", f"not compared with stack dev: {reason}")
    assert "--stack" in finding.fix


def test_without_pulumi_nothing_is_compared(web: Pair) -> None:
    """The command that would be asked for the stack."""
    web.write(resource(""))
    web.findings()
    (web.patient.root / "bin" / "pulumi").unlink()
    (finding,) = terraform.check(web.folder, None, web.patient.environ, web.patient.project, marks=False)
    assert finding.text == "not compared with the selected stack: there is no pulumi on PATH"


def test_what_cannot_be_read_is_a_problem(web: Pair) -> None:
    """A file that is no text, and a module's folder that init wrote down and somebody removed."""
    web.write(lifecycle("all"))
    (web.folder / "binary.tf").write_bytes(b"\xff\xfe")
    assert web.one("problem").text.endswith("binary.tf cannot be read as text")
    web.machines = {f"module.eu.{TYPE}.web": "101"}
    web.write(json.dumps({"Modules": [{"Key": "eu", "Dir": "eu"}]}), ".terraform/modules/modules.json")
    finding = web.one("problem")
    assert finding.text.endswith("network/eu cannot be read (No such file or directory)")
    assert "init" in finding.fix


def test_a_broken_list_of_modules_is_a_problem(web: Pair) -> None:
    """As an interrupted init leaves it."""
    web.write(lifecycle("all"))
    web.write("{", ".terraform/modules/modules.json")
    finding = web.one("problem")
    assert "modules.json cannot be read" in finding.text


def test_the_command_ends_with_1_for_a_problem(web: Pair) -> None:
    """DIR is relative to where the command runs; without the option nothing is compared."""
    web.write(resource(""))
    web.findings()
    code, text = web.patient.run("doctor", "--stack", "dev", "--terraform", "../network")
    assert code == 1
    assert f'add `lifecycle {{ ignore_changes = [{FIVE}] }}` to resource "web" in ../network/main.tf\n' in text
    _, text = web.patient.run("doctor", "--stack", "dev")
    assert "InstanceOsImage both reinstall" not in text


def test_help_teaches_the_comparison(capsys: pytest.CaptureFixture[str]) -> None:
    """What it runs and needs."""
    with pytest.raises(SystemExit):
        main(["doctor", "--help"])
    text = capsys.readouterr().out
    assert all(word in text for word in ("--terraform DIR", "terraform init", "--terraform ../network", "python-hcl2"))
