"""From the bytes of a request to an answer: authenticate, find the action, validate, carry it out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from zec_pulumi.simulator.action_call import ActionCall, ActionParameters, ApiAction
from zec_pulumi.simulator.actions import ACTIONS
from zec_pulumi.simulator.authentication import authenticate
from zec_pulumi.simulator.envelope import Answer, RefusedError, failure, new_request_id, success
from zec_pulumi.simulator.ledger import masked
from zec_pulumi.simulator.parsing import parse_json
from zec_pulumi.simulator.versions import paths, without

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zec_pulumi.simulator.cloud import Cloud
    from zec_pulumi.simulator.effects import Effect

# Kinds of pydantic findings that have a code of their own; the codes are the cloud's common ones.
_CODES = {
    "missing": "MISSING_PARAMETER",
    "extra_forbidden": "INVALID_PARAMETER_VALUE",
    "too_long": "INVALID_PARAMETER_EXCEED_MAXIMUM",
    "string_too_long": "INVALID_PARAMETER_EXCEED_LENGTH",
    "string_too_short": "INVALID_PARAMETER_LESS_LENGTH",
    "string_pattern_mismatch": "INVALID_PARAMETER_PATTERN_ERROR",
    "less_than_equal": "INVALID_PARAMETER_EXCEED_MAXIMUM",
    "too_short": "INVALID_PARAMETER_LESS_MINIMUM",
    "greater_than_equal": "INVALID_PARAMETER_LESS_MINIMUM",
}


@dataclass(frozen=True)
class Arrival:
    """A request as it came: method, service (from the path), headers (lower-case names) and exact body."""

    method: str
    service: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def action(self) -> str:
        """The name of the action; empty when the header is missing."""
        return self.headers.get("x-zc-action", "")

    def instance_ids(self) -> list[str]:
        """Return the ids named in the body, for logs and fault rules; nothing is refused here."""
        return self._instance_ids

    def parameters(self) -> dict[str, Any] | None:
        """Return the body for a log, secrets masked, ids of instances left out; None when it is no JSON object."""
        if not isinstance(self.parsed, dict):
            return None
        return masked({name: value for name, value in self.parsed.items() if name not in {"instanceId", "instanceIds"}})

    @cached_property
    def parsed(self) -> Any:
        """The body as JSON, or the ValueError that says why it is none: a body is read once."""
        try:
            return parse_json(self.body)
        except ValueError as error:
            return error

    @cached_property
    def _instance_ids(self) -> list[str]:
        body = self.parsed
        if not isinstance(body, dict):
            return []
        lists = [body.get(name) for name in ("instanceIds", "resources", "resourceUuids")]
        many = [item for each in lists if isinstance(each, list) for item in each]
        named = [body.get("instanceId"), body.get("resourceUuid"), *many]
        return [item for item in named if isinstance(item, str)]


def answer(arrival: Arrival, cloud: Cloud, effects: Sequence[Effect]) -> Answer:
    """Handle one request completely; a refusal is an answer too. The cloud's lock must be held."""
    request_id = new_request_id()
    try:
        _check_transport(arrival)
        authenticate(arrival.headers, arrival.body, seed=cloud.seed, wall=cloud.clock.wall())
        action = _find(arrival)
        parameters = _parameters(arrival.parsed)
        request = _validated(action, parameters)
        cloud.images()  # so that each is as it is now
        call = ActionCall(cloud, arrival.action, request_id, parameters, effects, cloud.clock.now())
        response = action.handler(call, request)
    except RefusedError as error:
        return failure(request_id, error)
    return success(request_id, without(response, action.absent_fields))


def _check_transport(arrival: Arrival) -> None:
    if arrival.method != "POST":
        raise RefusedError(405, "INVALID_PARAMETER_VALUE", "Every action is a POST.")
    media_type, _, options = arrival.headers.get("content-type", "").partition(";")
    if media_type.strip() != "application/json" or options.strip().lower() not in {"", "charset=utf-8"}:
        raise RefusedError(400, "INVALID_PARAMETER_VALUE", "Content-Type must be application/json.")
    for name in ("x-zc-action", "x-zc-version"):
        if not arrival.headers.get(name):
            raise RefusedError(400, "MISSING_PARAMETER", f"The header {name} is missing.")


def _find(arrival: Arrival) -> ApiAction:
    service, version, action = arrival.service, arrival.headers["x-zc-version"], arrival.action
    if (service, version, action) not in ACTIONS:
        elsewhere = [f"{where} {when}" for where, when, what in ACTIONS if what == action]
        raise RefusedError(
            403,
            "AUTHFAILURE_UNAUTHORIZED_OPERATION",
            f"This simulator lacks the action {action} of service {service}, version {version}; "
            + (f"it has it in {', '.join(elsewhere)}." if elsewhere else "the cloud may have it."),
        )
    return ACTIONS[service, version, action]


def _parameters(parsed: Any) -> dict[str, Any]:
    if isinstance(parsed, ValueError):
        raise RefusedError(400, "INVALID_PARAMETER_TYPE", "The body is not JSON.")
    if not isinstance(parsed, dict):
        raise RefusedError(400, "INVALID_PARAMETER_TYPE", "The body is not a JSON object.")
    return {name: value for name, value in parsed.items() if value is not None}


def _validated(action: ApiAction, parameters: dict[str, Any]) -> ActionParameters:
    for name in sorted(action.absent_parameters & paths(parameters)):
        raise RefusedError(400, "INVALID_PARAMETER_VALUE", f"{name}: this version does not have it.")
    try:
        return action.request.model_validate(parameters)
    except ValidationError as error:
        finding = error.errors(include_url=False, include_input=False)[0]
        code = _CODES.get(finding["type"], "INVALID_PARAMETER_TYPE")
        where = ".".join(str(part) for part in finding["loc"])
        raise RefusedError(400, code, f"{where}: {finding['msg']}.") from None
