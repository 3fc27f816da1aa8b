"""Websites that somebody has open may neither administer the simulator nor read what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from zec_pulumi.simulator.guard import refusal

if TYPE_CHECKING:
    from zec_pulumi.simulator import Simulator

WEB_1 = "1272168087751233112"
MUTATIONS = [
    ("POST", "clock"),
    ("POST", "faults"),
    ("DELETE", "faults"),
    ("DELETE", "faults/1"),
    ("POST", "reset"),
    ("PATCH", f"instances/{WEB_1}"),
    ("DELETE", f"instances/{WEB_1}"),
]
HOME = "127.0.0.1:8765"


@pytest.mark.parametrize(("method", "path"), MUTATIONS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
    ],
    ids=["site", "opaque", "port", "fetch", "rebinding"],
)
def test_a_foreign_website_changes_nothing(
    sim: Simulator, api: Any, method: str, path: str, headers: dict[str, str]
) -> None:
    """Neither from its own origin, nor by a name of its own that leads here."""
    sim.add_fault(action="*", effect={"type": "lag", "reads": 1})
    before = (sim.instances(), sim.faults(), sim.now())

    answer = api.session.request(method, f"{sim.url}/_simulator/{path}", json={}, headers=headers, timeout=10)

    assert (answer.status_code, list(answer.json())) == (403, ["error"])
    assert (sim.instances(), sim.faults(), sim.now()) == before


@pytest.mark.parametrize("path", ["", "_simulator/ledger", "_simulator/page.js"])
def test_a_rebound_name_reads_nothing(sim: Simulator, api: Any, path: str) -> None:
    """To the browser the simulator would be part of that website."""
    answer = api.session.get(f"{sim.url}/{path}", headers={"Host": "evil.example"}, timeout=10)

    assert answer.status_code == 403


def test_the_page_s_own_requests_pass(sim: Simulator, api: Any) -> None:
    """What a browser adds for the page itself."""
    headers = {"Origin": sim.url, "Sec-Fetch-Site": "same-origin"}

    answer = api.session.post(f"{sim.url}/_simulator/clock", json={"advance": 1}, headers=headers, timeout=10)

    assert answer.status_code == 200


@pytest.mark.parametrize("host", [HOME, "localhost:1", "[::1]:8765", "192.0.2.7", "simulator:8765", "lab.example"])
def test_addresses_and_own_names_are_accepted(host: str) -> None:
    """An address, a name without a dot as in a compose file, and the name it listens on."""
    assert refusal(host, None, None, "http", "lab.example") is None


@pytest.mark.parametrize("host", ["", "evil.example:8765", "127.0.0.1.evil.example", "localhost.evil.example", "[::1"])
def test_names_that_anybody_can_own_are_not(host: str) -> None:
    """An address in front of a name is a name."""
    assert refusal(host, None, None, "http", "127.0.0.1")


@pytest.mark.parametrize(
    ("origin", "scheme", "accepted"),
    [
        (f"http://{HOME}", "http", True),
        (f"https://{HOME}", "https", True),
        (f"https://{HOME}", "http", False),
        ("http://127.0.0.1", "http", False),
        (f"http://{HOME}.evil.example", "http", False),
    ],
)
def test_an_origin_is_compared_as_a_whole(origin: str, scheme: str, accepted: bool) -> None:  # noqa: FBT001 -- a test parameter
    """Scheme, host and port."""
    assert (refusal(HOME, origin, None, scheme, "127.0.0.1") is None) is accepted


def test_a_program_that_is_no_browser_is_not_asked_where_it_comes_from(sim: Simulator, api: Any) -> None:
    """The curl of the documents."""
    assert api.session.post(f"{sim.url}/_simulator/reset", timeout=10).status_code == 200
