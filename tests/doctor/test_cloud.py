"""Reachability, clock, authentication and permissions, and their fixes."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_healthy_set_up_has_only_ok_findings(patient: Any) -> None:
    """Every check speaks, and none complains."""
    findings = patient.examine()
    assert {finding.level for finding in findings} == {"ok"}
    assert {"credentials", "reachability", "clock", "authentication", "permissions", "engine", "python"} <= {
        finding.check for finding in findings
    }


def test_nothing_is_changed_in_the_cloud(patient: Any) -> None:
    """The simulator's ledger stays empty, and all its requests are reads."""
    patient.examine()
    assert patient.cloud.ledger() == []
    assert all(request["action"].startswith("Describe") for request in patient.cloud.requests())


def test_nobody_listening_is_a_problem(patient: Any) -> None:
    """One finding about it; permissions are not asked for."""
    patient.environ["ZENLAYERCLOUD_DOMAIN"] = "127.0.0.1:9"
    finding = patient.one("reachability")
    assert (finding.level, "connection refused" in finding.text) == ("problem", True)
    assert finding.fix == "check the endpoint and this machine's network, then run again"


def test_an_answer_that_is_not_the_apis_is_a_problem(patient: Any) -> None:
    """A security page in front of the API is told from the API."""
    patient.cloud.add_fault(action="*", effect={"type": "challenge"})
    finding = patient.one("reachability")
    assert (finding.level, "Cloudflare" in finding.text) == ("problem", True)
    assert finding.fix == "run from another network, or ask Zenlayer to allow this address"


def test_a_failing_service_is_a_warning(patient: Any) -> None:
    """It is not the user's set-up that is wrong."""
    patient.cloud.add_fault(action="*", effect={"type": "error", "code": "INTERNAL_SERVER_ERROR", "status": 500})
    finding = patient.one("reachability")
    assert (finding.level, "internal error" in finding.text) == ("warning", True)


@pytest.mark.parametrize(
    ("ahead", "level", "direction"),
    [(0, "ok", ""), (120, "warning", "ahead of"), (400, "problem", "ahead of"), (-400, "problem", "behind")],
)
def test_clock_skew_is_measured(patient: Any, ahead: float, level: str, direction: str) -> None:
    """From the answer's Date; past five minutes signatures are refused."""
    finding = patient.one("clock", ahead=ahead)
    assert finding.level == level
    assert direction in finding.text
    assert finding.fix == ("" if level == "ok" else "set this machine's clock (NTP)")


def test_a_token_does_not_care_for_the_clock_as_much(patient: Any) -> None:
    """It is not signed, so a wrong clock refuses nothing."""
    for name in ("ZENLAYERCLOUD_ACCESS_KEY_ID", "ZENLAYERCLOUD_ACCESS_KEY_PASSWORD"):
        del patient.environ[name]
    patient.environ["ZENLAYER_TOKEN"] = patient.cloud.token
    assert patient.one("clock", ahead=400).level == "warning"
    assert patient.one("authentication", ahead=400).level == "ok"


def test_a_wrong_password_is_named_once(patient: Any) -> None:
    """The first refusal says it; more of the same are not collected."""
    patient.environ["ZENLAYERCLOUD_ACCESS_KEY_PASSWORD"] = "not-the-password"
    finding = patient.one("authentication")
    assert (finding.level, finding.fix) == (
        "problem",
        "check that the access key password belongs to the access key id",
    )
    assert [found.check for found in patient.examine() if found.level != "ok"] == ["authentication"]


def test_a_missing_permission_is_named_beside_those_that_are_there(patient: Any) -> None:
    """The credentials are accepted; one action is not theirs."""
    code = "AUTHFAILURE_UNAUTHORIZED_OPERATION"
    patient.cloud.add_fault(action="DescribeKeyPairs", effect={"type": "error", "code": code, "status": 403})
    found = [finding for finding in patient.examine() if finding.check == "permissions"]
    assert [finding.level for finding in found] == ["ok", "problem"]
    assert "DescribeKeyPairs" not in found[0].text
    assert "DescribeKeyPairs was refused" in found[1].text
    assert found[1].fix == "grant the action to this access key or token"
    assert patient.one("authentication").level == "ok"


def test_a_read_that_fails_otherwise_is_a_warning(patient: Any) -> None:
    """Whether it is permitted is then not known, and nobody waits a minute for it."""
    effect = {"type": "error", "code": "SERVICE_TEMPORARY_UNAVAILABLE", "status": 503}
    patient.cloud.add_fault(action="DescribeTimeZones", effect=effect)
    found = [finding for finding in patient.examine() if finding.level != "ok"]
    assert [(finding.check, finding.level) for finding in found] == [("permissions", "warning")]
    assert "DescribeTimeZones failed" in found[0].text
