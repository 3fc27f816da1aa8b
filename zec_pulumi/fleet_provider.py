"""The engine's calls about a fleet's plan, a resource that holds nothing and is there to be checked.

All machines of a fleet depend on it, so its ``check`` comes before anything is done to any of them. The class is
pickled by reference into every stack that has a fleet: its module path and name are a contract for ever.
"""

from __future__ import annotations

from typing import Any

from pulumi.dynamic import CheckResult, ConfigureRequest, CreateResult, DiffResult, ResourceProvider

from zec_pulumi.provider import configure_once, part

FLEET_KEY = "fleet"
"""The order of the fleet. Like :data:`MEMBERS_KEY` an input that ``check`` takes out: neither is ever recorded."""

MEMBERS_KEY = "members"
"""What ``up`` wants of each machine and what is recorded of it; secret, and not given in a preview."""


class FleetPlanProvider(ResourceProvider):
    """Stateless provider of the plan of :class:`zec_pulumi.Fleet`."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Take the stack's configuration and make the plugin process ready, if that has not been done."""
        configure_once(req)

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Judge the whole fleet; in ``up`` this refuses what any of its machines would be refused for."""
        result: CheckResult = part("operations.fleet_check").check(news)
        return result

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Say that nothing changes: nothing is recorded."""
        return DiffResult(changes=False)

    def create(self, _props: dict[str, Any]) -> CreateResult:
        """Record that there is a fleet; nothing is done."""
        return CreateResult("fleet", {})
