"""What a Terraform configuration says of its ZEC instances: which attributes it leaves to others.

A state does not hold that, and neither does a plan, so the files themselves are read: ``*.tf`` and ``*.tf.json`` of the
root module and of each module that ``terraform init`` has installed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zec_pulumi.terraform.errors import TerraformError
from zec_pulumi.terraform.instance import RESOURCE_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = Path(".terraform", "modules", "modules.json")
_INDEX = re.compile(r'\[(?:"(?:[^"\\]|\\.)*"|\d+)\]')
_EXPRESSION = re.compile(r"\$\{(.*)\}", re.DOTALL)


@dataclass(frozen=True)
class Declared:
    """One ``resource`` block, which stands for one instance or, with ``count`` and ``for_each``, for many.

    Attributes:
        address: Its address without indexes, e.g. ``module.web.zenlayercloud_zec_instance.node``.
        file: The file it stands in.
        attributes: Names of the attributes that it sets.
        ignored: Names in its ``ignore_changes``; None stands for ``all``.
        kept_running: Whether ``running_flag = true`` is set: Terraform then starts a machine that is off.
    """

    address: str
    file: Path
    attributes: frozenset[str]
    ignored: frozenset[str] | None
    kept_running: bool

    def ignores(self, attribute: str) -> bool:
        """Whether a change of the attribute is none of Terraform's business."""
        return self.ignored is None or attribute in self.ignored


def block_of(address: str) -> str:
    """Return the address of the block that an instance's ``address`` comes from: the same without indexes."""
    return _INDEX.sub("", address)


def declared(folder: Path) -> dict[str, Declared]:
    """Return the blocks of ZEC instances in a configuration, by address; modules that are not installed are missing.

    Raises:
        TerraformError: There is no configuration, or a file of it cannot be read.
    """
    found: dict[str, Declared] = {}
    for prefix, module in _modules(folder):
        for file in sorted([*module.glob("*.tf"), *module.glob("*.tf.json")]):
            found.update({block.address: block for block in _blocks(prefix, file)})
    if not found and not [*folder.glob("*.tf"), *folder.glob("*.tf.json")]:
        raise TerraformError(f"{folder} holds no Terraform configuration: give the folder with the *.tf files")
    return found


def _modules(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the address prefix and the folder of each module, the root's first."""
    yield "", folder
    try:
        listed = json.loads((folder / MANIFEST).read_text("utf-8"))["Modules"]
        installed = [(str(entry["Key"]), str(entry["Dir"])) for entry in listed]
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError):
        raise TerraformError(f"{folder / MANIFEST} cannot be read: run `terraform init` again") from None
    for key, where in installed:
        if key:
            yield "".join(f"module.{name}." for name in key.split(".")), folder / where


def _blocks(prefix: str, file: Path) -> Iterator[Declared]:
    for kinds in _each(_parsed(file).get("resource")):
        for names in _each(kinds.get(RESOURCE_TYPE)):
            for name, bodies in names.items():
                for body in _each(bodies):
                    yield _declared(f"{prefix}{RESOURCE_TYPE}.{name}", file, body)


def _declared(address: str, file: Path, body: dict[str, Any]) -> Declared:
    lists = [lifecycle.get("ignore_changes", []) for lifecycle in _each(body.get("lifecycle"))]
    texts = [_name(item) for many in lists for item in (many if isinstance(many, list) else [many])]
    ignored = None if "all" in texts else frozenset(texts)
    kept_running = _name(body.get("running_flag")) == "true"
    return Declared(address, file, frozenset(body), ignored, kept_running)


def _each(value: object) -> list[dict[str, Any]]:
    """Return objects that the syntax allows to be one or many, in HCL and in JSON."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def _name(value: object) -> str:
    """Return an attribute's name as ``ignore_changes`` gives it: bare, quoted, or with an element of it."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    expression = _EXPRESSION.fullmatch(text)
    return re.split(r"[.\[]", (expression[1] if expression else text).strip('"'), maxsplit=1)[0]


def _parsed(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text("utf-8-sig")
        document = json.loads(text) if file.suffix == ".json" else _unquoted(_hcl(text))
    except (OSError, ValueError) as error:
        raise TerraformError(
            f"{file} cannot be read ({type(error).__name__}): check it with `terraform validate`"
        ) from None
    return document if isinstance(document, dict) else {}


def _hcl(text: str) -> Any:
    try:
        import hcl2  # noqa: PLC0415 only who asks for this needs it
        import lark  # noqa: PLC0415 the same
    except ImportError:
        raise TerraformError(
            "the configuration cannot be read without python-hcl2: install 'zec_pulumi[terraform]'"
        ) from None
    try:
        return hcl2.loads(text)
    except lark.exceptions.LarkError:
        # Its own text quotes the file, which may hold a password.
        raise ValueError from None


def _unquoted(value: Any) -> Any:
    """Return the parser's answer with keys as they are in JSON: labels of blocks come in quotes."""
    if isinstance(value, dict):
        return {str(key).strip('"'): _unquoted(item) for key, item in value.items() if key != "__is_block__"}
    return [_unquoted(item) for item in value] if isinstance(value, list) else value
