"""Every way a call of the engine can end: a result, or one sentence. Never a traceback."""

from __future__ import annotations

import contextlib
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from zec_pulumi.errors import PartialFailureError, ZecError

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
    """Answer ``call`` with whatever is raised inside, as a sentence."""
    try:
        yield
    except PartialFailureError as error:
        call.fail_partially(str(error), error.resource_id, error.outputs, error.inputs)
    except ZecError as error:
        call.fail(str(error))
    except Exception as error:  # noqa: BLE001 the engine must get an answer, and a traceback could hold a secret
        call.fail(_defect(error))


def _defect(error: Exception) -> str:
    """Describe an unexpected error by its place, never by its text, which may hold a secret."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"a defect in zec_pulumi: {type(error).__name__} at {Path(last.filename).name}:{last.lineno} ({last.name})."
        " Run pulumi preview to see what state the instance is in before you go on, and please report this line"
    )
