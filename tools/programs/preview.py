"""The document that ``pulumi preview --json`` prints, for one resource whose engine is :mod:`tests.support`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zec_pulumi.messages.quoting import MASK
from zec_pulumi.planning.inputs import Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.stack import Outcome, Stack

PROVIDER = "urn:pulumi:dev::demo::pulumi:providers:pulumi-python::default::83dd981e-10de-492f-9eaa-3fb01f6cbb0f"
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def document(stack: Stack, sent: Mapping[str, Any], outcome: Outcome, config: Mapping[str, str], masked: str) -> bytes:
    """Return the document; ``sent`` are the inputs, ``masked`` is what the engine masks, empty for nothing."""
    shown = zip(outcome.lines, outcome.severities, strict=True)
    lines = [(severity, text) for text, severity in shown if severity != "progress"]
    failed = outcome.end != "succeeded"
    operation = "create" if not stack.outputs else "update" if outcome.changes else "same"
    if failed:
        lines.append(("error", outcome.text))
    inputs = {
        key: MASK if key in stack.secrets else value
        for key, value in json.loads(json.dumps(dict(sent), default=_unknown)).items()
    }
    old = {"id": stack.instance_id, "inputs": stack.inputs, "outputs": stack.outputs} if stack.outputs else {}
    step = {"op": operation, "urn": stack.urn, "provider": PROVIDER, "oldState": old, "newState": {"inputs": inputs}}
    return json.dumps(
        {
            "config": {key: _mask(value, masked) for key, value in config.items()},
            "steps": [] if failed else [step],
            "diagnostics": [
                {"urn": stack.urn, "message": f"{severity}: {_mask(text, masked)}\n", "severity": severity}
                for severity, text in lines
            ],
            "changeSummary": {} if failed else {operation: 1},
        }
    ).encode()


def _unknown(value: object) -> str:
    assert isinstance(value, Unknown)
    return _UNKNOWN


def _mask(text: str, masked: str) -> str:
    return text.replace(masked, MASK) if masked else text
