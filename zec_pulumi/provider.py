"""The dynamic edge: the engine's calls, in the SDK's types.

The class is pickled by reference into every stack's state: its module path and name are a contract for ever. It
holds nothing, and imports the working parts only when the engine calls, so that programs, which load this module to
describe their resources, start fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from zec_pulumi.program.inputs import DEMAND_KEY, DRY_RUN_KEY, PRIVATE_KEYS, SECRETS_KEY, SETTINGS_KEY

if TYPE_CHECKING:
    from zec_pulumi.engine import Plugin

PROVIDER_KEY = "__provider"
"""Where the SDK puts the pickled provider among a resource's properties."""


def plugin() -> Plugin:
    """Return this plugin process; programs never call it."""
    from zec_pulumi.engine import PLUGIN  # noqa: PLC0415 programs start without it

    return PLUGIN


def check_failures(findings: list[str]) -> list[CheckFailure]:
    """Return failures without a property: the engine prints a named property's raw value, secrets included."""
    return [CheckFailure("", plugin().connection.masked(finding)) for finding in findings]


class InstanceOsImageProvider(ResourceProvider):
    """Stateless provider of :class:`zec_pulumi.InstanceOsImage`."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Take the stack's configuration and make the plugin process ready, if that has not been done."""
        plugin().configure(req.config)

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Validate inputs; for a resource the stack does not hold, also say what ``up`` will do."""
        from zec_pulumi.engine.values import core_values  # noqa: PLC0415 programs start without it
        from zec_pulumi.operations.check import check  # noqa: PLC0415 the same

        with plugin().operation("Check") as (process, call):
            inputs = {key: value for key, value in news.items() if key not in (*PRIVATE_KEYS, PROVIDER_KEY)}
            # A transform of the program may have dropped what it does not know: then this counts as a preview.
            dry_run = news.get(DRY_RUN_KEY) is not False
            settings, keys = news.get(SETTINGS_KEY), news.get(SECRETS_KEY)
            secrets = frozenset(key for key in keys if isinstance(key, str)) if isinstance(keys, list) else None
            values = [given.get(key) for given in (olds, inputs) for key in secrets or ()]
            plugin().connection.hide(value for value in values if isinstance(value, str))
            findings = check(
                process,
                call,
                olds,
                core_values(inputs),
                dry_run=dry_run,
                settings=settings if isinstance(settings, str) else None,
                secrets=secrets,
                demand=news.get(DEMAND_KEY),
            )
        return CheckResult(inputs, check_failures(findings))

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Compare what is recorded with what is wanted, and say what ``up`` will do to the machine."""
        from zec_pulumi.engine.values import core_values  # noqa: PLC0415 programs start without it
        from zec_pulumi.operations.diff import diff  # noqa: PLC0415 the same

        with plugin().operation("Diff") as (process, call):
            compared = diff(process, call, olds, core_values(news))
        return DiffResult(changes=compared.changes, replaces=list(compared.replaced))

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Adopt the machine or rebuild it."""
        from zec_pulumi.operations.apply import create  # noqa: PLC0415 programs start without it

        with plugin().operation("Create") as (process, call):
            created = create(process, call, props)
        return CreateResult(created.id, created.outputs)

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Rebuild, join, adopt or change in place, as the plan says."""
        from zec_pulumi.operations.apply import update  # noqa: PLC0415 programs start without it

        with plugin().operation("Update") as (process, call):
            outputs = update(process, call, olds, news)
        return UpdateResult(outputs)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Refresh the record from the machine."""
        from zec_pulumi.operations.read import read  # noqa: PLC0415 programs start without it

        with plugin().operation("Read") as (process, call):
            found = read(process, call, id_, props)
        return ReadResult(found.id, found.outputs, found.inputs)

    def delete(self, id_: str, props: dict[str, Any]) -> None:
        """Forget. The machine is never touched, whatever the reason for the delete; nor are its backups."""
        from zec_pulumi.operations.forget import forget  # noqa: PLC0415 programs start without it

        with plugin().operation("Delete") as (process, call):
            forget(process, call, id_, props)
