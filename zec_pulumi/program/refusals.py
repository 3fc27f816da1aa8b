"""How a constructor refuses its arguments: the engine shows the sentence alone, without a traceback."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pulumi

if TYPE_CHECKING:
    from collections.abc import Iterator


class ArgumentValueError(pulumi.RunError, ValueError):
    """An argument has an impossible value."""


class ArgumentTypeError(pulumi.RunError, TypeError):
    """An argument has the wrong type, or does not exist."""


@contextlib.contextmanager
def refusing(subject: str) -> Iterator[None]:
    """Raise a ValueError or TypeError from inside as a sentence about ``subject``, such as ``"fleet web"``."""
    try:
        yield
    except pulumi.RunError:
        raise
    except ValueError as error:
        raise ArgumentValueError(f"{subject}: {error}") from error
    except TypeError as error:
        raise ArgumentTypeError(f"{subject}: {error}") from error
