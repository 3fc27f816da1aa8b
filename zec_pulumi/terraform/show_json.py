"""The output of ``terraform show -json`` and ``tofu show -json``, format 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from zec_pulumi.terraform.errors import TerraformError, malformed
from zec_pulumi.terraform.instance import RESOURCE_TYPE, Instance, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class _ShownResource(BaseModel):
    """One object of a resource."""

    model_config = ConfigDict(hide_input_in_errors=True)

    address: str
    mode: str
    type: str
    deposed_key: str = ""
    values: dict[str, Any] = {}
    # An object of the same shape as the values, with `true` at what is sensitive.
    sensitive_values: Any = None


class _Module(BaseModel):
    """The root module or a child; a child's resources carry their full addresses."""

    model_config = ConfigDict(hide_input_in_errors=True)

    resources: list[_ShownResource] = []
    child_modules: list[_Module] = []


class _Root(BaseModel):
    """What ``values`` holds."""

    model_config = ConfigDict(hide_input_in_errors=True)

    root_module: _Module


def read(source: str, document: Mapping[str, Any]) -> Iterator[Instance]:
    """Yield the instances of an output of ``show -json``.

    Raises:
        TerraformError: A plan, an empty state, another format than 1, or not laid out as one.
    """
    version = str(document["format_version"])
    if "planned_values" in document or "resource_changes" in document:
        raise TerraformError(f"{source} is a plan, not a state", "use `terraform show -json` without a plan's name")
    if version.partition(".")[0] != "1":
        raise TerraformError(
            f"{source} has format {version:.20} of `show -json`, and only format 1 can be read",
            "use Terraform 1.1 or later, or OpenTofu; if it is newer than this package, update zec_pulumi",
        )
    if "values" not in document:
        raise TerraformError(
            f"{source} is an empty state", "run `terraform apply` first, or check the folder, workspace and backend"
        )
    try:
        root = _Root.model_validate(document["values"]).root_module
    except ValidationError as error:
        raise malformed(source, error) from None
    for resource in _resources(root):
        # A deposed object is the old half of a replacement: Terraform is about to destroy that machine.
        if (resource.mode, resource.type) == ("managed", RESOURCE_TYPE) and not resource.deposed_key:
            yield parse(source, resource.address, resource.values, _sensitive(resource))


def _resources(module: _Module) -> Iterator[_ShownResource]:
    yield from module.resources
    for child in module.child_modules:
        yield from _resources(child)


def _sensitive(resource: _ShownResource) -> set[str]:
    marks = resource.sensitive_values
    if marks is True:
        return set(resource.values)
    return {key for key, mark in marks.items() if _marked(mark)} if isinstance(marks, dict) else set()


def _marked(mark: object) -> bool:
    if isinstance(mark, dict):
        return any(map(_marked, mark.values()))
    return any(map(_marked, mark)) if isinstance(mark, list) else mark is True
