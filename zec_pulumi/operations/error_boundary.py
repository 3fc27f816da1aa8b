"""Every way a call of the engine can end: a result, or one sentence. Never a traceback."""

from __future__ import annotations

import contextlib
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from zec_pulumi import engine
from zec_pulumi.api import ZecError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def answering(kind: str) -> Iterator[engine.Call]:
    """Give the engine's call of that ``kind``; what is raised inside becomes its answer, as the sentence alone."""
    call = engine.current_call(kind)
    try:
        with engine.operation():
            yield call
    except engine.CallFailedError:
        raise
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
