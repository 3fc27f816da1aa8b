"""Reads the ``resource`` blocks of the ZEC instances from a configuration on this disk, modules included."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zec_pulumi.terraform import blocks
from zec_pulumi.terraform.errors import TerraformError
from zec_pulumi.terraform.instance import RESOURCE_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from zec_pulumi.terraform.blocks import Block

ENDINGS = (".tf", ".tf.json")
TOFU_ENDINGS = (".tofu", ".tofu.json")


def files(folder: Path, *, tofu: bool) -> list[Path]:
    """Return the files that the command reads in a folder: first the ordinary ones, then the overrides, each sorted.

    OpenTofu reads ``.tofu`` files, too, and each of them in the place of the ``.tf`` file with the same name.
    """
    endings = (*ENDINGS, *TOFU_ENDINGS) if tofu else ENDINGS
    found = [path for path in sorted(folder.iterdir()) if path.name.endswith(endings) and path.is_file()]
    names = {path.name for path in found}
    read = [path for path in found if not _backup(path.name) and _as_tofu(path.name) not in names]
    return sorted(read, key=_overrides)


def folders(root: Path, environ: Mapping[str, str]) -> Mapping[str, Path]:
    """Return the folder of every module by its key, as ``init`` wrote them down; the root's key is empty."""
    listed = _fetched(root, environ) / "modules.json"
    try:
        modules = json.loads(listed.read_text("utf-8"))["Modules"]
        return {"": root, **{one["Key"]: root / one["Dir"] for one in modules if one["Key"]}}
    except FileNotFoundError:
        return {"": root}
    except (OSError, ValueError, TypeError, KeyError):
        raise TerraformError(f"{listed} cannot be read", f"run `init` in {root} again") from None


def is_fetched(folder: Path, root: Path, environ: Mapping[str, str]) -> bool:
    """Return whether a module's folder is a copy that ``init`` made, where a change would be lost."""
    return folder.resolve().is_relative_to(_fetched(root, environ).resolve())


def read(folder: Path, *, tofu: bool) -> Mapping[str, Block]:
    """Return the blocks of the ZEC instances that one module declares, by name.

    Raises:
        TerraformError: The folder or a file in it cannot be read or understood; no value is quoted.
    """
    found: dict[str, Block] = {}
    try:
        paths = files(folder, tofu=tofu)
    except OSError as error:
        raise TerraformError(f"{folder} cannot be read ({error.strerror})", "run `init` again") from None
    for path in paths:
        for block in _blocks(path):
            known = found.get(block.name)
            found[block.name] = blocks.merged(known, block) if known else block
    return found


def _fetched(root: Path, environ: Mapping[str, str]) -> Path:
    return root / (environ.get("TF_DATA_DIR") or ".terraform") / "modules"


def _blocks(path: Path) -> Iterable[Block]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise TerraformError(f"{path} cannot be read as text", "correct the file") from None
    # All other files are spared the parsing: whatever they hold cannot matter.
    return blocks.read(_parsed(path, text), path.name) if RESOURCE_TYPE in text else ()


def _parsed(path: Path, text: str) -> Any:
    try:
        document = json.loads(text) if path.suffix == ".json" else _native(text)
    except ImportError:
        raise TerraformError(
            f"{path} cannot be read without python-hcl2", "install it with `pip install 'python-hcl2>=8.1,<9'`"
        ) from None
    except Exception as error:  # noqa: BLE001 a parser's own errors are of many kinds, and quote the file
        line = getattr(error, "line", None) or getattr(error, "lineno", None)
        where = f" near line {line}" if isinstance(line, int) and line > 0 else ""
        raise TerraformError(
            f"{path} is not understood{where}",
            "see what `validate` says of it, and if nothing, check its ignore_changes by eye",
        ) from None
    return document


def _native(text: str) -> Any:
    from hcl2 import SerializationOptions, loads  # noqa: PLC0415 optional, and only the doctor needs it

    # Without the newline that Terraform can do without, and the parser cannot.
    options = SerializationOptions(with_comments=False, explicit_blocks=False, strip_string_quotes=True)
    return loads(f"{text}\n", serialization_options=options)


def _as_tofu(name: str) -> str:
    stem, _, ending = name.rpartition(".tf")
    return f"{stem}.tofu{ending}"


def _overrides(path: Path) -> bool:
    stem = path.name.partition(".")[0]
    return stem == "override" or stem.endswith("_override")


def _backup(name: str) -> bool:
    """Return whether editors made the file, which Terraform skips, too."""
    return name.startswith((".", "#")) or name.endswith("~")
