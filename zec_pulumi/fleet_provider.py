"""The engine's calls about a fleet's plan, a resource that holds nothing and is there to be checked.

All machines of a fleet depend on it, so its ``check`` comes before anything is done to any of them. The class is
pickled by reference into every stack that has a fleet: its module path and name are a contract for ever.
"""

from __future__ import annotations

from typing import Any

from pulumi.dynamic import CheckResult, ConfigureRequest, CreateResult, DiffResult, ReadResult, ResourceProvider

from zec_pulumi.program.inputs import SETTINGS_KEY
from zec_pulumi.provider import check_failures, plugin

FLEET_KEY = "fleet"
"""The order of the fleet. Like :data:`MEMBERS_KEY` an input that ``check`` takes out: neither is ever recorded."""

MEMBERS_KEY = "members"
"""What ``up`` wants of each machine and what is recorded of it; secret, and not given in a preview."""

REFRESHED_KEY = "refreshedBy"
"""The engine that refreshed the plan, an input until the next ``check`` takes it out. By it alone a process learns of a
refresh that another process of the same command has done."""


class FleetPlanProvider(ResourceProvider):
    """Stateless provider of the plan of :class:`zec_pulumi.Fleet`."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Take the stack's configuration and make the plugin process ready, if that has not been done."""
        plugin().configure(req.config)

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Check the whole fleet; in ``up`` this refuses what any of its machines would be refused for."""
        from zec_pulumi.operations.fleet_check import check  # noqa: PLC0415 programs start without it

        order, members, settings = news.get(FLEET_KEY), news.get(MEMBERS_KEY), news.get(SETTINGS_KEY)
        if not isinstance(order, str):
            return CheckResult({}, [])
        with plugin().operation("Check") as (process, call):
            findings = check(
                process,
                call,
                order,
                members if isinstance(members, str) else None,
                settings=settings if isinstance(settings, str) else None,
                refreshed=olds.get(REFRESHED_KEY) == plugin().connection.address,
            )
        return CheckResult({}, check_failures(findings))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Have the engine remember that it has refreshed; there is nothing to read."""
        return ReadResult(id_, props, {REFRESHED_KEY: plugin().connection.address})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Say that nothing changes: nothing is recorded."""
        return DiffResult(changes=False)

    def create(self, _props: dict[str, Any]) -> CreateResult:
        """Record that there is a fleet; nothing is done."""
        return CreateResult("fleet", {})
