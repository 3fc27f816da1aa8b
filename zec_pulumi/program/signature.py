"""Signatures and help texts of constructors that take the inputs of the table as keyword arguments."""

from __future__ import annotations

import inspect
import textwrap
from inspect import Parameter
from typing import TYPE_CHECKING

from zec_pulumi.program.inputs import FleetInstance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from zec_pulumi.program.inputs import InputSpec

_WIDTH = 112


def describe(constructor: Callable[..., None], inputs: Iterable[InputSpec]) -> None:
    """Show ``inputs`` one by one in ``help(constructor)`` and ``inspect.signature(constructor)``.

    They take the place of the constructor's last parameter, ``**inputs``.
    """
    inputs = tuple(inputs)
    signature = inspect.signature(constructor)
    *own, _ = signature.parameters.values()
    optional = [
        Parameter(spec.name, Parameter.KEYWORD_ONLY, default=None, annotation=_annotation(spec.name))
        for spec in inputs
        if spec.name not in signature.parameters
    ]
    constructor.__dict__["__signature__"] = signature.replace(parameters=[*own, *optional])
    text = inspect.getdoc(constructor)
    if text:  # there is none with python -OO
        constructor.__doc__ = f"{text}\n\nInputs:\n" + "\n".join(map(_entry, inputs))


def _annotation(name: str) -> str:
    annotation = FleetInstance.__annotations__.get(name, "Any")  # a test names an input without a type
    return str(getattr(annotation, "__forward_arg__", annotation))


def _entry(spec: InputSpec) -> str:
    facts = [spec.form, spec.omitted if spec.required else f"default {spec.omitted}"]
    if spec.instead_of:
        facts.append(f"instead of {spec.instead_of}")
    if spec.secret:
        facts.append("always secret")
    text = f"{spec.name} ({'; '.join(facts)}): {spec.doc} When it changes: {spec.consequence}."
    plain = text.replace("`", "").replace("*", "")
    return textwrap.fill(plain, _WIDTH, initial_indent="    ", subsequent_indent="        ")
