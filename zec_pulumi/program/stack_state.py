"""Reads the state of the running stack in a program, through a function of the engine."""

from __future__ import annotations

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

import pulumi

FUNCTION = "pulumi:pulumi:readStackResourceOutputs"
"""Answers with the outputs of the last snapshot by URN. Source: pkg/resource/deploy/builtins.go, 3.259.0."""

PAUSES_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Between two tries. The engine writes the snapshot while programs run, and half a file is an error."""


_READ: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[dict[str, Any]]] = WeakKeyDictionary()
"""What was read in each program; a program has an event loop of its own."""


async def read_once() -> dict[str, Any]:
    """Return what :func:`read` returns, and read only the first time in a program."""
    loop = asyncio.get_running_loop()
    if loop not in _READ:
        _READ[loop] = loop.create_task(read())
    return await _READ[loop]


async def read() -> dict[str, Any]:
    """Return ``{"records": {urn: {"type": …, "outputs": …}}}``, or ``{"error": …}`` when the state cannot be read.

    Secrets are in plain text: a caller that passes the answer on must mark it as a secret. Between its tries it waits
    :data:`PAUSES_SECONDS`, together less than two seconds.
    """
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    failure: dict[str, Any] = {}
    for pause in (*PAUSES_SECONDS, None):
        try:
            answer = await pulumi.runtime.invoke_async(FUNCTION, {"stackName": stack})
            return {"records": dict(answer["outputs"])}
        except Exception as error:  # noqa: BLE001 a program must not end because its own record cannot be read
            failure = {"error": str(error).strip().partition("\n")[0] or type(error).__name__}
        if pause is not None:
            await asyncio.sleep(pause)
    return failure
