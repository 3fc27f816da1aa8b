"""Checks that the API answers, and that its clock and this machine's agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zec_pulumi.api import AccessKey, ApiError, BlockedError, ServerError, TransportError
from zec_pulumi.api.envelope import parse
from zec_pulumi.api.exchange import ApiRequest, HttpResponse
from zec_pulumi.api.headers import server_time
from zec_pulumi.api.transport import HTTPTransport
from zec_pulumi.cli.doctor.finding import Finding, explanation, ok, problem, warning

if TYPE_CHECKING:
    from zec_pulumi.cli.doctor.settings import Access
    from zec_pulumi.time.clock import Clock

CHECK = "reachability"
ACTION = "DescribeZones"

MAX_SKEW = 300.0
"""Seconds after which a signature is refused. Source: AUTHFAILURE_SIGNATURE_EXPIRED, common errors."""

NOTABLE_SKEW = 60.0


def check(access: Access, clock: Clock) -> tuple[bool, list[Finding]]:
    """Send one request. Return whether the API answered, be it with a refusal, and the findings."""
    transport = HTTPTransport(access.credentials, access.endpoint, clock)
    where = access.endpoint.base_url
    try:
        begun = clock.monotonic()
        answer = transport.send(ApiRequest(ACTION, "zec", b"{}"), access.timeouts)
        milliseconds = round((clock.monotonic() - begun) * 1000)
        parse(answer, action=ACTION, endpoint=access.endpoint, now=clock.now(), secrets=(access.credentials.secret,))
    except (TransportError, BlockedError) as error:
        return False, [problem(CHECK, *explanation(error))]
    except ServerError as error:
        return False, [warning(CHECK, *explanation(error))]
    except ApiError:
        pass  # a refusal is an answer, too; what it says belongs to the credentials
    finally:
        transport.close()
    skew = _skew(answer, access, clock)
    return True, [ok(CHECK, f"{where} answered in {milliseconds} ms"), skew]


def _skew(answer: HttpResponse, access: Access, clock: Clock) -> Finding:
    server = server_time(answer.headers)
    if server is None:
        return warning("clock", "not checked: the answer names no time", "see that this machine's clock is right")
    seconds = round(clock.now() - server)
    if abs(seconds) < NOTABLE_SKEW:
        return ok("clock", f"within {max(abs(seconds), 1)} s of the server's")
    text = f"{abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} the server's"
    fix = "set this machine's clock (NTP)"
    if abs(seconds) > MAX_SKEW and isinstance(access.credentials, AccessKey):
        return problem("clock", f"{text}; signatures more than {MAX_SKEW:g} s off are refused", fix)
    return warning("clock", text, fix)
