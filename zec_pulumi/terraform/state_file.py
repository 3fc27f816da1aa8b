"""State files, version 4: what Terraform 0.12 and later and OpenTofu keep in a backend."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from zec_pulumi.terraform.errors import TerraformError, malformed
from zec_pulumi.terraform.instance import RESOURCE_TYPE, Instance, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VERSION = 4


class _Step(BaseModel):
    """One step of the path of a sensitive value."""

    type: Literal["get_attr", "index"]
    value: Any = None


class _Object(BaseModel):
    """One object of a resource: of ``count``, of ``for_each``, or the only one."""

    model_config = ConfigDict(hide_input_in_errors=True)

    index_key: int | str | None = None
    deposed: str = ""
    attributes: dict[str, Any]
    sensitive_attributes: list[list[_Step]] = []


class _StateResource(BaseModel):
    """One resource block with its objects."""

    model_config = ConfigDict(hide_input_in_errors=True)

    module: str = ""
    mode: str
    type: str
    name: str
    instances: list[Any]


class _State(BaseModel):
    """The file."""

    model_config = ConfigDict(hide_input_in_errors=True)

    resources: list[_StateResource]


def read(source: str, document: Mapping[str, Any]) -> Iterator[Instance]:
    """Yield the instances of a state file.

    Raises:
        TerraformError: Another version than 4, or not laid out as one.
    """
    version = document.get("version")
    if version != VERSION:
        newer = isinstance(version, int) and version > VERSION
        rewrite = "update zec_pulumi" if newer else "run `terraform apply` once"
        raise TerraformError(
            f"{source} is a Terraform state of version {version!r:.20}, and only version {VERSION} can be read",
            f"{rewrite}, or give the folder of the configuration: `terraform show -json` is the same in all versions",
        )
    try:
        for resource in _State.model_validate(document).resources:
            if (resource.mode, resource.type) == ("managed", RESOURCE_TYPE):
                yield from _objects(source, resource)
    except ValidationError as error:
        raise malformed(source, error) from None


def _objects(source: str, resource: _StateResource) -> Iterator[Instance]:
    for one in map(_Object.model_validate, resource.instances):
        # A deposed object is the old half of a replacement: Terraform is about to destroy that machine.
        if not one.deposed:
            sensitive = {str(path[0].value) for path in one.sensitive_attributes if path}
            yield parse(source, _address(resource, one.index_key), one.attributes, sensitive)


def _address(resource: _StateResource, key: int | str | None) -> str:
    parts = [*([resource.module] if resource.module else []), resource.type, resource.name]
    return ".".join(parts) + ("" if key is None else f"[{_quoted(key)}]")


def _quoted(key: int | str) -> str:
    """Return the key as Terraform writes it in an address."""
    if isinstance(key, int):
        return str(key)
    return json.dumps(key, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
