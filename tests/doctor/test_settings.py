"""Which settings apply, where they come from, and what the stack's configuration adds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from zec_pulumi.cli.doctor import report

SECRET = "S3cretOfTheTest"
KEYS = ("ZENLAYERCLOUD_ACCESS_KEY_ID", "ZENLAYERCLOUD_ACCESS_KEY_PASSWORD")


def without_credentials(patient: Any) -> None:
    """Take the credentials out of the environment."""
    for name in KEYS:
        del patient.environ[name]


def test_each_setting_names_its_source(patient: Any) -> None:
    """Environment, stack or default."""
    patient.declare("runtime: python\n")
    patient.pulumi(config={"zec:pollInterval": {"value": "3", "secret": False}})
    assert patient.one("credentials").text == f"access key from {KEYS[0]} and {KEYS[1]}"
    assert patient.one("endpoint").text.endswith("(ZENLAYERCLOUD_SCHEME and ZENLAYERCLOUD_DOMAIN)")
    assert patient.one("time-out").text == "30 s (default)"
    assert patient.one("zec:pollInterval").text == "3 s (stack config)"


def test_no_credentials_is_a_problem_and_the_rest_is_still_examined(patient: Any) -> None:
    """The endpoint is reached with nobody's key, and permissions say why they were not tried."""
    without_credentials(patient)
    finding = patient.one("credentials")
    assert (finding.level, finding.text) == ("problem", "none are found")
    assert KEYS[0] in finding.fix
    assert patient.one("reachability").level == "ok"
    assert patient.one("permissions").level == "warning"


def test_half_a_key_is_a_problem(patient: Any) -> None:
    """The other half is not taken from elsewhere."""
    del patient.environ[KEYS[0]]
    finding = patient.one("settings")
    assert finding.level == "problem"
    assert finding.text.startswith(f"{KEYS[0]} is not set")


def stack_config(patient: Any, *secret: str, **values: str) -> list[Any]:
    """Return what is found about settings in a stack with that configuration."""
    patient.declare("runtime: python\n")
    shown = {key: {"value": value, "secret": False} for key, value in values.items()}
    patient.pulumi(config={**shown, **{key: {"secret": True} for key in secret}})
    return [finding for finding in patient.examine() if finding.check == "settings"]


def test_unknown_and_wrong_settings_are_all_found_at_once(patient: Any) -> None:
    """Each closes every gate, so each is a problem with its fix; nobody mends one to be told the next."""
    wrong = {"zec:requireApprovals": "true", "zec:allowrebuild": "false", "zec:requireApproval": "", "zec:mood": "x"}
    found = stack_config(patient, **wrong)
    assert {finding.level for finding in found} == {"problem"}
    assert all("every rebuild is refused" in finding.text and finding.fix for finding in found)
    for text in (
        "zec:requireApprovals is no setting of zec_pulumi (did you mean zec:requireApproval?)",
        "zec:allowrebuild is no setting of zec_pulumi (did you mean zec:allowRebuild?)",
        "zec:mood is no setting of zec_pulumi;",
        "zec:requireApproval must be true or false",
    ):
        assert sum(finding.text.startswith(text) for finding in found) == 1


def test_a_misspelt_key_is_found_though_its_value_is_secret(patient: Any) -> None:
    """And in whatever case it was written."""
    found = stack_config(patient, "zec:aproveRebuilds", "ZEC:allowRebuild")
    assert [finding.level for finding in found] == ["problem", "problem"]


def test_unknown_settings_are_found_beside_a_wrong_endpoint(patient: Any) -> None:
    """All at once."""
    found = stack_config(patient, **{"zec:requireApprovals": "true", "zenlayercloud:scheme": "ftp"})
    assert len(found) == 2


def test_all_wrong_settings_are_found_at_once(patient: Any) -> None:
    """Those of a connection, the credentials and the package's own: nobody mends one to be told the next."""
    del patient.environ[KEYS[0]]
    patient.environ["ZENLAYERCLOUD_CLIENT_TIMEOUT"] = "soon"
    values = {"zenlayercloud:scheme": "ftp", "zenlayercloud:domain": "a b", "zec:pollInterval": "0", "zec:mood": "x"}
    found = stack_config(patient, **values, **{"zec:requireApproval": "perhaps"})
    assert {finding.level for finding in found} == {"problem"}
    said = "\n".join(finding.text for finding in found)
    names = (KEYS[0], "ZENLAYERCLOUD_CLIENT_TIMEOUT", *values, "zec:requireApproval")
    assert [name for name in names if name not in said] == []


def test_a_wrong_setting_that_no_request_needs_keeps_none_from_being_sent(patient: Any) -> None:
    """The API is asked, and the other settings are shown."""
    patient.declare("runtime: python\n")
    patient.pulumi(config={"zec:pollInterval": {"value": "0", "secret": False}})
    assert patient.one("settings").level == "problem"
    assert patient.one("zec:allowRebuild").level == "ok"
    assert patient.one("authentication").level == "ok"


def test_an_unknown_key_of_zenlayers_is_a_warning(patient: Any) -> None:
    """It closes nothing, and does nothing."""
    (found,) = stack_config(patient, **{"zenlayercloud:domian": "example.org"})
    assert found.level == "warning"
    assert "did you mean zenlayercloud:domain?" in found.text
    assert "pulumi config rm" in found.fix


def test_a_wrong_setting_is_a_problem_and_nothing_is_asked(patient: Any) -> None:
    """Plain http to another machine is refused before a request is sent."""
    patient.environ["ZENLAYERCLOUD_DOMAIN"] = "example.org"
    assert patient.one("settings").level == "problem"
    assert patient.one("permissions").text == "not checked: a setting is wrong"
    assert patient.cloud.requests() == []


def test_a_credentials_file_that_others_can_read_is_a_warning(patient: Any) -> None:
    """With the command that mends it."""
    without_credentials(patient)
    file = patient.home / ".zenlayer" / "credentials.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"default": {"token": patient.cloud.token}}))
    file.chmod(0o644)
    found = [finding for finding in patient.examine() if finding.check == "credentials"]
    assert [finding.level for finding in found] == ["ok", "warning"]
    assert found[1].fix == f"run `chmod 600 {file}`"


def test_secrets_of_the_stack_are_seen_and_not_read(patient: Any) -> None:
    """They win over the environment, as in `up`, so no other credentials are tried in their place."""
    patient.declare("runtime: python\n")
    patient.pulumi(config={"zec:token": {"secret": True}})
    assert "zec:token (secret)" in patient.one("stack config").text
    assert patient.one("credentials").text.startswith("token from zec:token, secret")
    assert patient.one("permissions").level == "warning"
    assert [request["action"] for request in patient.cloud.requests()] == ["DescribeZones"] * 3


def test_a_credential_in_plain_text_in_the_stack_is_a_warning(patient: Any) -> None:
    """With the command that encrypts it, and without its value."""
    patient.declare("runtime: python\n")
    patient.pulumi(config={"zec:token": {"value": SECRET, "secret": False}})
    found = [finding for finding in patient.examine() if finding.check == "stack config"]
    assert [finding.level for finding in found] == ["ok", "warning"]
    assert "`pulumi config set --secret zec:token`" in found[1].fix


@pytest.mark.parametrize(("stack", "level"), [(None, "warning"), ("prod", "problem")])
def test_a_stack_that_cannot_be_read_is_said(patient: Any, stack: str | None, level: str) -> None:
    """A problem only when it was asked for by name."""
    patient.declare("runtime: python\n")
    patient.pulumi(error="error: no such stack")
    finding = patient.one("stack config", stack)
    assert (finding.level, finding.text) == (level, "not read: no such stack")
    assert "--stack" in finding.fix


def test_the_named_stack_is_the_one_that_is_read(patient: Any) -> None:
    """`--stack` reaches `pulumi config`, which is never asked for secrets."""
    patient.declare("runtime: python\n")
    patient.program("pulumi", 'echo "$@" >> "$HOME/asked"; [ "$1" = version ] && echo v3.259.0 || echo "{}"')
    patient.examine("prod")
    asked = (patient.home / "asked").read_text()
    assert "--stack prod" in asked
    assert "--show-secrets" not in asked


@pytest.mark.parametrize("text", ["[", "", "name: [}"])
def test_a_broken_project_file_is_a_problem(patient: Any, text: str) -> None:
    """And the examination goes on."""
    (patient.project / "Pulumi.yaml").write_text(text)
    assert patient.one("project").level == "problem"
    assert patient.one("reachability").level == "ok"


def test_no_secret_is_in_any_finding(patient: Any) -> None:
    """Whatever fails: environment, stack and file all hold one here."""
    patient.declare("runtime: python\n")
    patient.environ.update({KEYS[1]: SECRET, "ZENLAYER_TOKEN": SECRET})
    patient.pulumi(config={"zenlayercloud:accessKeyPassword": {"value": SECRET, "secret": False}})
    half = patient.examine()
    patient.pulumi()
    wrong = patient.examine()
    assert not report.healthy(half)
    assert not report.healthy(wrong)
    assert SECRET not in repr([*half, *wrong])
