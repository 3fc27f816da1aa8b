"""The versions that the package supports, read from pyproject.toml, which states them."""

from __future__ import annotations

import re
from pathlib import Path

_PROJECT = (Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8")

PYTHONS: tuple[str, ...] = tuple(re.findall(r'"Programming Language :: Python :: (3\.\d+)"', _PROJECT))
"""Every supported Python, the oldest first, such as ``3.10``."""

OLDEST_PULUMI: str = re.findall(r'"pulumi>=(\d+\.\d+),<\d+"', _PROJECT)[0]
"""The oldest Pulumi, engine and SDK, such as ``3.259``."""
