"""One simulator with a manual clock for all tests, returned to its seed before each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


VERSIONS = {"zec": "2025-09-01", "ccs": "2025-09-01", "zrm": "2025-10-14", "user": "2024-05-29"}


class Api:
    """A client without conveniences: it posts what it is told, with a bearer token."""

    def __init__(self, sim: Simulator, session: requests.Session) -> None:
        self.sim = sim
        self.session = session

    def headers(self, action: str, version: str = "2025-09-01") -> dict[str, str]:
        """Return the headers of an authentic request."""
        return {
            "Authorization": f"Bearer {self.sim.token}",
            "X-ZC-Action": action,
            "X-ZC-Version": version,
            "Content-Type": "application/json",
        }

    def post(
        self,
        action: str,
        body: Any = None,
        *,
        service: str = "zec",
        version: str = "2025-09-01",
        headers: dict[str, str] | None = None,
        method: str = "POST",
    ) -> requests.Response:
        """Send one request and return the answer, whatever it is."""
        extra = {"data": body} if isinstance(body, bytes) else {"json": body or {}}
        return self.session.request(
            method,
            f"{self.sim.url}/api/v2/{service}",
            headers={**self.headers(action, version), **(headers or {})},
            timeout=10,
            allow_redirects=False,
            **extra,
        )

    def ok(self, action: str, *, service: str = "zec", **parameters: Any) -> dict[str, Any]:
        """Send one request that must succeed and return its inner response."""
        answer = self.post(action, parameters, service=service, version=VERSIONS[service])
        assert answer.status_code == 200, answer.text
        response: dict[str, Any] = answer.json()["response"]
        return response

    def refused(self, action: str, *, service: str = "zec", **parameters: Any) -> tuple[int, str]:
        """Send one request that must fail and return its HTTP status and code."""
        answer = self.post(action, parameters, service=service, version=VERSIONS[service])
        assert answer.status_code != 200, answer.text
        return answer.status_code, answer.json()["code"]

    def status(self, instance_id: str) -> str:
        """Return the status of one instance as DescribeInstancesStatus tells it."""
        data = self.ok("DescribeInstancesStatus", instanceIds=[instance_id])["dataSet"]
        status: str = data[0]["instanceStatus"]
        return status


@pytest.fixture(scope="session")
def running_simulator() -> Iterator[Simulator]:
    with Simulator(clock="manual", rebuild_seconds=60, stop_seconds=5) as simulator:
        yield simulator


@pytest.fixture
def sim(running_simulator: Simulator) -> Simulator:
    running_simulator.reset()
    return running_simulator


@pytest.fixture
def api_of() -> Iterator[Callable[[Simulator], Api]]:
    """What makes a client of a simulator of the test's own."""
    with requests.Session() as session:
        session.trust_env = False
        yield lambda sim: Api(sim, session)


@pytest.fixture
def api(sim: Simulator, api_of: Callable[[Simulator], Api]) -> Api:
    return api_of(sim)
