"""Whether the credentials are accepted, and which reads they permit. Nothing that changes anything is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.api import ApiError, AuthenticationError, Client, Code, RetryPolicy, TransportError
from zec_pulumi.cli.doctor.finding import Finding, explanation, ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zec_pulumi.cli.doctor.settings import Access
    from zec_pulumi.time.clock import Clock

AUTHENTICATION = "authentication"
PERMISSIONS = "permissions"

UNTRIED = (
    "StopInstances, StartInstances, ResetInstance, ResetInstancePassword, ModifyInstancesAttribute, CreateImage,"
    " DeleteImages, ModifyResourceTags and DeleteTags"
)


def check(access: Access, clock: Clock) -> list[Finding]:
    """Try every read that previews and rebuilds use, and say what was refused."""
    # The usual policy would wait a minute for a service that struggles.
    with Client(
        access.credentials, access.endpoint, timeouts=access.timeouts, retry=RetryPolicy(deadline=5), clock=clock
    ) as client:
        refused = []
        permitted = []
        for action, read in _reads(client):
            finding = _tried(read)
            if finding is None:
                permitted.append(action)
            elif finding.check == AUTHENTICATION:
                return [finding]
            else:
                refused.append(finding)
    return [*_accepted(permitted, refused), *refused]


def _tried(read: Callable[[], object]) -> Finding | None:
    """Call a read and return what is wrong with it, None when nothing is."""
    try:
        read()
    except AuthenticationError as error:
        refusal = error.code == Code.AUTHFAILURE_UNAUTHORIZED_OPERATION
        return problem(PERMISSIONS if refusal else AUTHENTICATION, *explanation(error))
    except (ApiError, TransportError) as error:
        return warning(PERMISSIONS, *explanation(error))
    return None


def _reads(client: Client) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield each action with a call of it; what later calls need is taken from earlier answers."""
    zones: list[str] = []
    instances: list[str] = []

    def describe_zones() -> None:
        zones.extend(zone.zone_id for zone in client.describe_zones())

    def describe_instances() -> None:
        instances.extend(item.instance_id for item in client.describe_instances(page_size=1).items)

    yield "DescribeZones", describe_zones
    yield "DescribeInstances", describe_instances
    if instances:
        yield "DescribeInstancesStatus", lambda: client.describe_instances_status(instances)
        yield "DescribeResourceTags", lambda: client.describe_resource_tags(instances[0])
    if zones:
        yield "DescribeImages", lambda: client.describe_images(zones[0])
    yield "DescribeCustomImages", client.describe_custom_images
    yield "DescribeKeyPairs", client.describe_key_pairs
    yield "DescribeTimeZones", client.describe_time_zones


def _accepted(permitted: list[str], refused: list[Finding]) -> list[Finding]:
    """Return what works. Until one action was permitted or refused, nothing is known of the credentials."""
    known = permitted or any(finding.level == "problem" for finding in refused)
    findings = [ok(AUTHENTICATION, "the API accepts the credentials")] if known else []
    if permitted:
        text = f"{', '.join(permitted)} work; {UNTRIED} cannot be tried without doing harm"
        findings.append(ok(PERMISSIONS, text))
    return findings
