"""Seed files as JSON or YAML. Both mean the same: only what JSON has, too.

YAML 1.1 reads more into plain words than people mean: ``NO`` (the country) is false to it, ``2025-02-03T04:05:06Z`` an
object, ``1_000`` a number. Here a plain word is what it would be in JSON, or text.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import yaml

YAML_SUFFIXES = {".yaml", ".yml"}
_PLAIN_WORDS = {
    "tag:yaml.org,2002:null": ("null|~|", ["n", "~", ""]),
    "tag:yaml.org,2002:bool": ("true|false", ["t", "f"]),
    "tag:yaml.org,2002:int": ("-?(0|[1-9][0-9]*)", list("-0123456789")),
    "tag:yaml.org,2002:float": (r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", list("-0123456789")),
}


def read_document(path: str | Path) -> Any:
    """Return the content of a file: YAML if its name says so, otherwise JSON.

    Raises:
        OSError: It cannot be read.
        ValueError: It is not what its name says, and where.
        RuntimeError: YAML needs the simulator's extra.
    """
    text = Path(path).read_text("utf-8")
    return _yaml(text) if Path(path).suffix.lower() in YAML_SUFFIXES else json.loads(text)


def _yaml(text: str) -> Any:
    # Only the simulator's extra has it.
    try:
        import yaml  # noqa: PLC0415 -- see above
    except ModuleNotFoundError as error:
        raise RuntimeError("a seed in YAML needs the extra: pip install 'zec_pulumi[simulator]'") from error
    try:
        return yaml.load(text, _loader(yaml.SafeLoader))  # noqa: S506 -- a safe loader with fewer types
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


def _loader(base: type[yaml.SafeLoader]) -> type[yaml.SafeLoader]:
    class Loader(base):  # type: ignore[misc, valid-type]
        """A safe loader that knows the types of JSON, and refuses a name that is there twice."""

        yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 -- PyYAML's own way

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 -- PyYAML's signature
            names = [key.value for key, _ in node.value]
            for number, name in enumerate(names):
                if name in names[:number]:
                    raise ValueError(f"{name} is there twice in line {node.value[number][0].start_mark.line + 1}")
            mapping: dict[Any, Any] = super().construct_mapping(node, deep)
            return mapping

    for tag, (pattern, first) in _PLAIN_WORDS.items():
        Loader.add_implicit_resolver(tag, re.compile(f"^(?:{pattern})$"), first)
    return Loader
