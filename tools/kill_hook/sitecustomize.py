"""Test only: strikes the plugin, or its engine, at one function; and makes the plugin's waits short.

Python imports a module of this name at every start. The folder stands on ``PYTHONPATH`` only in the kill matrix, and
everything here happens only in the plugin's process. Nothing of it is in the product.

``KILL_AT`` is ``module:function before``, ``… after``, or ``… found`` (after the first result that is not None),
``KILL_SIGNAL`` the signal's number, ``KILL_VICTIM`` is ``plugin``, ``engine``, or ``disk``: then nobody dies, and the
folder where the engine keeps its stacks takes no files any more, until :func:`mend_disk`; or
``journal``: then the plugin's files take no more than a part of one more line.
"""

from __future__ import annotations

import functools
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

SHORTER = {
    "zec_pulumi.rebuild.send": {"NOT_ACCEPTED_AFTER_SECONDS": 1.5},
    "zec_pulumi.rebuild.wait": {"STALE_SECONDS": 3.0, "LAG_SECONDS": 15.0},
    "zec_pulumi.engine.plugin": {"_CHECK_SECONDS": 0.1},
}
"""A twentieth of the real times: those are for clouds that take a minute for what the simulator does in four reads."""

TIMEOUTS = "zec_pulumi.api.timeouts"
ANSWER_SECONDS = 4.0
"""How long the plugin waits for the whole of an answer."""

LINE_BYTES = 30
"""What the disk takes of the journal's next line."""


class _Finder(importlib.abc.MetaPathFinder):
    """Lets modules load as always, and mends them right after."""

    def __init__(self, mend: dict[str, Callable[[ModuleType], None]]) -> None:
        self._mend = mend

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        mend = self._mend.pop(fullname, None)
        spec = importlib.util.find_spec(fullname) if mend else None
        if mend is None or spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            mend(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _mended(module: ModuleType, at: str | None) -> None:
    for name, seconds in SHORTER.get(module.__name__, {}).items():
        setattr(module, name, seconds)
    if module.__name__ == TIMEOUTS:
        limits = module.Timeouts()
        module.Timeouts.__init__.__defaults__ = (limits.connect, limits.read, ANSWER_SECONDS)
    if at and at.startswith(f"{module.__name__}:"):
        path, _, when = at.partition(":")[2].partition(" ")
        *owners, name = path.split(".")
        owner = functools.reduce(getattr, owners, module)
        setattr(owner, name, _trapped(getattr(owner, name), when))


def _trapped(function: Callable[..., Any], when: str) -> Callable[..., Any]:
    @functools.wraps(function)
    def trap(*arguments: Any, **named: Any) -> Any:
        if when == "before":
            _strike()
        result = function(*arguments, **named)
        if when == "after" or (when == "found" and result is not None):
            _strike()
        return result

    return trap


@functools.cache
def _strike() -> None:
    """Send the signal, once, and go on only when its victim is dead, or has heard a SIGTERM."""
    if os.environ["KILL_VICTIM"] == "disk":
        break_disk(Path(os.environ["PULUMI_BACKEND_URL"].removeprefix("file://")))
        return
    if os.environ["KILL_VICTIM"] == "journal":
        fill_journal(Path(os.environ["PULUMI_HOME"]))
        return
    victim = os.getpid() if os.environ["KILL_VICTIM"] == "plugin" else _engine()
    os.kill(victim, int(os.environ["KILL_SIGNAL"]))
    plugin = sys.modules["zec_pulumi.engine.plugin"].PLUGIN
    while _lives(victim) and not plugin.cancelled.is_set():
        time.sleep(0.005)


def fill_journal(home: Path) -> None:
    """Let no file of this process grow beyond the journal and the beginning of one more line."""
    size = max((file.stat().st_size for file in home.glob("zec_pulumi/clouds/*/journal/*.jsonl")), default=0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + LINE_BYTES, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def break_disk(backend: Path) -> None:
    """Put a file where the folder of stacks was; permissions would not stop a superuser."""
    stacks = backend / ".pulumi" / "stacks"
    stacks.rename(stacks.with_name("stacks.aside"))
    stacks.write_text("")


def mend_disk(backend: Path) -> bool:
    """Undo :func:`break_disk`; return whether there was anything to undo."""
    stacks = backend / ".pulumi" / "stacks"
    aside = stacks.with_name("stacks.aside")
    if not aside.exists():
        return False
    stacks.unlink()
    aside.rename(stacks)
    return True


def _engine() -> int:
    """Return the process id of the engine that started this plugin."""
    return next(process.pid for process in psutil.Process().parents() if process.name() == "pulumi")


def _lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


if "pulumi.dynamic" in sys.orig_argv:
    _at = os.environ.get("KILL_AT")
    _modules = {*SHORTER, TIMEOUTS, *([_at.partition(":")[0]] if _at else [])}
    sys.meta_path.insert(0, _Finder(dict.fromkeys(_modules, lambda module: _mended(module, _at))))
