"""Every way a call of the engine can end: a result, or one sentence. Never a traceback."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from zec_pulumi.errors import PartialFailureError, ZecError
from zec_pulumi.messages import outcomes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Answerable(Protocol):
    """A call of the engine that can be answered with a failure."""

    def fail(self, message: str) -> NoReturn:
        """Answer with ``message`` alone."""

    def fail_partially(
        self, message: str, resource_id: str, outputs: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> NoReturn:
        """Answer with ``message``, and have the stack record ``outputs`` and ``inputs``."""


@contextlib.contextmanager
def error_boundary(call: Answerable) -> Iterator[None]:
    """Answer ``call`` with whatever is raised inside, as a sentence; only KeyboardInterrupt passes."""
    try:
        yield
    except PartialFailureError as error:
        call.fail_partially(str(error), error.resource_id, error.outputs, error.inputs)
    except ZecError as error:
        call.fail(str(error))
    except KeyboardInterrupt:  # the end of the process, which nothing answers any more
        raise
    except BaseException as error:  # noqa: BLE001 the engine must get an answer, and a traceback could hold a secret
        call.fail(outcomes.defect(error))


@contextlib.contextmanager
def naming(instance_id: str | None) -> Iterator[None]:
    """Have whatever is raised inside name the instance; its text is for the user. A partial failure passes as it is."""
    try:
        yield
    except (PartialFailureError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise ZecError(outcomes.not_read(error, instance_id) if instance_id else outcomes.defect(error)) from error
