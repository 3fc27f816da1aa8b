"""Parses strict JSON: no NaN, no infinity, no nesting without end."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn


def parse_json(raw: bytes) -> Any:
    """Return what ``raw`` says. Raises ValueError, whatever is wrong with it."""
    try:
        return json.loads(raw, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"{digits} is too large")
    return value
