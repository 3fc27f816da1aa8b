"""Reads the instances of a Terraform state from a folder, a file or a document."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from zec_pulumi.terraform import show_json, state_file
from zec_pulumi.terraform.errors import TerraformError
from zec_pulumi.terraform.instance import RESOURCE_TYPE
from zec_pulumi.terraform.show_command import show

if TYPE_CHECKING:
    from zec_pulumi.terraform.instance import Instance

GIVEN = "the given document"


def instances(source: str | os.PathLike[str] | Mapping[str, Any]) -> Mapping[str, Instance]:
    """Return the ZEC instances of a Terraform or OpenTofu state, by their resource addresses; changes nothing.

    Only objects that Terraform manages count: no data sources, no deposed ones. The state shows the machines as
    Terraform last read them, so use it for ids and names; ``InstanceOsImage`` reads from the API what runs now.

    Args:
        source: One of:

            - the path of a folder with a configuration: ``terraform show -json`` runs in it (``tofu``, if there is
              no ``terraform`` on PATH), so every backend works; it needs ``init`` once, and
              the backend's credentials in the environment;
            - the path of a file: a state file of version 4, or the saved output of ``show -json``;
            - the JSON of either, as a mapping or as text that begins with ``{``.

    Raises:
        TerraformError: The source is missing, empty, encrypted, a plan, of another version, not a state at all, or
            without a single ZEC instance: a program must not take "nothing there" for "nothing to do".
    """
    return _instances(*_load(source))


def instances_of_folder(folder: Path, environ: Mapping[str, str]) -> Mapping[str, Instance]:
    """Return the instances of the configuration in a folder, with the command and backend of an environment.

    Raises:
        TerraformError: As :func:`instances`.
    """
    name = f"the state of {folder}"
    return _instances(name, _decode(name, show(folder, environ)))


def _instances(name: str, document: Mapping[str, Any]) -> Mapping[str, Instance]:
    found = {one.address: one for one in _reader(name, document).read(name, document)}
    if not found:
        raise TerraformError(f"{name} holds no {RESOURCE_TYPE}", "check that it is the right state and workspace")
    return MappingProxyType(found)


def _load(source: str | os.PathLike[str] | Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return what to call the source in a message, and its document."""
    if isinstance(source, Mapping):
        return GIVEN, source
    # A list is no state, but JSON nonetheless: as a path it would be quoted.
    if isinstance(source, str) and source.lstrip().startswith(("{", "[")):
        return GIVEN, _decode(GIVEN, source)
    if not source:
        raise TerraformError("no source of a Terraform state is given", "give the path of a folder or of a state file")
    path = Path(source)
    if path.is_dir():
        return f"the state of {path}", _decode(f"the state of {path}", show(path, os.environ))
    try:
        return str(path), _decode(str(path), path.read_text("utf-8-sig"))
    except OSError as error:
        raise TerraformError(
            f"{path} cannot be read ({error.strerror})",
            "give the path of a state file, or of a folder with a Terraform configuration",
        ) from None
    except UnicodeDecodeError:
        raise _foreign(str(path)) from None


def _decode(name: str, text: str) -> Mapping[str, Any]:
    if not text.strip():
        raise TerraformError(f"{name} is empty", "check that the backend or the copy of the state is complete")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        # Their own text and the values they carry would quote the state.
        raise _foreign(name) from None
    if not isinstance(document, dict):
        raise _foreign(name)
    return document


def _reader(name: str, document: Mapping[str, Any]) -> Any:
    """Return the module that reads this kind of document."""
    if "encrypted_data" in document:
        raise TerraformError(
            f"{name} is a state that OpenTofu has encrypted",
            "save the output of `tofu show -json`, which decrypts it, and give that",
        )
    if "backend" in document:
        raise TerraformError(
            f"{name} only says in which backend the state is kept",
            "give the folder of the configuration instead",
        )
    if "format_version" in document:
        return show_json
    if "version" in document and {"lineage", "serial", "terraform_version"} & document.keys():
        return state_file
    raise _foreign(name)


def _foreign(name: str) -> TerraformError:
    return TerraformError(
        f"{name} is neither a Terraform state file nor an output of `terraform show -json`",
        "give one of these, or the folder of the configuration",
    )
