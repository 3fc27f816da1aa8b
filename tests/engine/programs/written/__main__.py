"""A program that hypothesis wrote: each resource with its class, its inputs as they are given, and its options."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pulumi

import zec_pulumi as zec

written: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("resources.json").read_text())
made: list[pulumi.Resource] = []


class WebImage(zec.InstanceOsImage):
    """A subclass."""


class Site(pulumi.ComponentResource):
    """A component that holds its resource."""

    def __init__(self, name: str) -> None:
        super().__init__("shop:index:Site", name)


async def _later(value: Any) -> Any:
    return value


def unknown(value: Any) -> Any:
    """Return an output whose value only ``up`` knows."""
    if not pulumi.runtime.is_dry_run():
        return pulumi.Output.from_input(value)
    resources: set[pulumi.Resource] = set()
    nothing, future, is_known = (asyncio.ensure_future(_later(one)) for one in (resources, None, False))
    return pulumi.Output(nothing, future, is_known)


def given(value: Any, how: str) -> Any:
    """Return an input as the program gives it."""
    if how == "packed":
        return base64.b64encode(gzip.compress(value.encode())).decode()
    ways = {"output": pulumi.Output.from_input, "secret": pulumi.Output.secret, "unknown": unknown}
    if how == "unknown inside":
        return [*value[:-1], unknown(value[-1])]
    return ways[how](value) if how in ways else value


def keep_what_is_known(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
    """Drop what the author of this transform did not think of."""
    known = {"instanceId", "imageId", "keyId", "userData", "rebuildToken", "__provider"}
    return pulumi.ResourceTransformResult({k: v for k, v in args.props.items() if k in known}, args.opts)


def change_nothing(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
    """Return properties and options as they are."""
    return pulumi.ResourceTransformResult(args.props, args.opts)


def replace_everything(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
    """Set options for all resources, as people do at the top of a program."""
    more = pulumi.ResourceOptions(replace_on_changes=["*"], ignore_changes=["instance_name"])
    return pulumi.ResourceTransformationResult(args.props, pulumi.ResourceOptions.merge(args.opts, more))


def options(name: str, chosen: dict[str, Any]) -> pulumi.ResourceOptions:
    """Return the resource options that the file names."""
    opts = pulumi.ResourceOptions(**chosen.get("plain", {}))
    if "alias" in chosen:
        opts.aliases = [pulumi.Alias(name=chosen["alias"])]
    if chosen.get("depends_on") and made:
        opts.depends_on = made[-1:]
    if "transform" in chosen:
        one = {"drops": keep_what_is_known, "same": change_nothing}[chosen["transform"]]
        opts.transforms = [one]
    if chosen.get("transformation"):
        opts.transformations = [replace_everything]
    if "provider" in chosen:
        own = pulumi.ProviderResource("pulumi-python", f"{name}-own", chosen["provider"])
        opts.provider = own
    if chosen.get("component"):
        opts.parent = Site(f"{name}-site")
    return opts


for name, resource in written.items():
    inputs = {key: given(**one) for key, one in resource["inputs"].items()}
    opts = options(name, resource["options"])
    if "instances" in resource:
        if opts.provider:
            opts = pulumi.ResourceOptions(providers=[opts.provider])
        made.append(zec.Fleet(name, instances=resource["instances"], opts=opts, **inputs))
        continue
    kind = WebImage if resource["kind"] == "subclass" else zec.InstanceOsImage
    made.append(kind(name, opts=opts, **inputs))
