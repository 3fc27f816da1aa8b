"""The JSON schema of seed files: ``python -m zec_pulumi.simulator.schema`` prints what ``seed/schema.json`` must be."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from pydantic.alias_generators import to_camel

from zec_pulumi.simulator.world import Seed

TITLE = "A seed of the simulator of zec_pulumi"


def seed_schema() -> dict[str, Any]:
    """Return the schema, made from the models that read seeds."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_tidy(Seed.model_json_schema(by_alias=True)),
        "title": TITLE,
    }


def _tidy(value: Any) -> Any:
    """Leave out the titles that only repeat names, and describe in the words of a seed."""
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _tidy(item) for name, item in value.items() if not (name == "title" and isinstance(item, str))}
    if isinstance(kept.get("description"), str):
        kept["description"] = _described(kept["description"])
    return kept


def _described(docstring: str) -> str:
    named = re.sub(r"``(\w+)``", lambda match: f"`{to_camel(match[1])}`", " ".join(docstring.split()))
    return named.replace("None", "null").replace("False", "false")


if __name__ == "__main__":
    json.dump(seed_schema(), sys.stdout, indent=2)
    sys.stdout.write("\n")
