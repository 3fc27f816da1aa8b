"""How this cloud wraps an answer. Source: API introduction, "Response"."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any


class RefusedError(Exception):
    """A refusal, as the API would word it.

    Args:
        status: HTTP status of the answer.
        code: The error code a client decides by.
        message: A sentence for people; never quotes a secret.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Answer:
    """One answer before it becomes bytes: HTTP status, error code (None on success) and JSON body."""

    status: int
    code: str | None
    body: dict[str, Any]


def new_request_id() -> str:
    """Return a request id in the cloud's form: ``T`` and an upper-case UUID."""
    return f"T{str(uuid.uuid4()).upper()}"


def success(request_id: str, response: dict[str, Any]) -> Answer:
    """Wrap what an action returned; the request id stands outside and inside."""
    return Answer(200, None, {"requestId": request_id, "response": {"requestId": request_id, **response}})


def failure(request_id: str, error: RefusedError) -> Answer:
    """Wrap a refusal: flat, without ``response``."""
    body = {"requestId": request_id, "code": error.code, "message": error.message}
    return Answer(error.status, error.code, body)
