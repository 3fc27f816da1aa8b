"""What is done from inside to the process in which the SDK runs the provider."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from pulumi.dynamic import Config
from pulumi.runtime.proto import engine_pb2

from zec_pulumi.engine import CallFailedError, Plugin, pool, sigterm
from zec_pulumi.engine.call import find_call
from zec_pulumi.engine.connection import EngineConnection

if TYPE_CHECKING:
    from pathlib import Path

STOCK = 4
QUEUED = f"""
import importlib.util, sys, threading
from concurrent.futures import ThreadPoolExecutor

spec = importlib.util.spec_from_file_location("pool", sys.argv[1])
pool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pool)
queued, configuring = 40, threading.Event()
all_there = threading.Barrier({STOCK - 1} + queued, timeout=30)


def configure():
    configuring.wait(30)
    return pool.widen()


with ThreadPoolExecutor({STOCK}) as executor:
    configured = executor.submit(configure)
    reads = [executor.submit(all_there.wait) for _ in range({STOCK - 1} + queued)]
    configuring.set()
    for read in reads:
        read.result(30)
    print(configured.result(30))
"""
"""A pool as the SDK makes it, and more reads than it has threads before it is widened."""


SIGTERM = """
import importlib.util, os, signal, subprocess, sys, threading

spec = importlib.util.spec_from_file_location("sigterm", sys.argv[1])
sigterm = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sigterm)
arranged, asleep, heard = threading.Event(), threading.Event(), threading.Event()


def hear():
    print(sigterm.listen(heard.set))
    arranged.set()
    asleep.wait()
    os.kill(os.getpid(), signal.SIGTERM)
    print(heard.wait(30))
    print(subprocess.run(["sh", "-c", "kill -TERM $$"]).returncode, flush=True)
    os._exit(0)


threading.Thread(target=hear).start()
arranged.wait()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
asleep.set()
threading.Event().wait()
"""


def pythons() -> list[str]:
    """Return this Python, and those of the other versions that are on PATH and start."""
    others = [f"python3.{minor}" for minor in range(10, 15) if minor != sys.version_info.minor]
    found = [name for name in others if shutil.which(name)]
    starts = [name for name in found if not subprocess.run([name, "-V"], capture_output=True, check=False).returncode]
    return [sys.executable, *starts]


PYTHONS = pythons()


class Engine:
    """An engine that is there, and the lines that it was asked to show."""

    def __init__(self) -> None:
        self.lines: list[engine_pb2.LogRequest] = []

    def Log(self, request: engine_pb2.LogRequest, timeout: float) -> None:  # noqa: ARG002, N802 the stub's signature
        self.lines.append(request)

    def GetRootResource(self, request: Any, timeout: float) -> None:  # noqa: N802 the same
        """Answer: the process stays."""


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def plugin(engine: Engine) -> Plugin:
    return Plugin(EngineConnection(lambda: engine))


def test_what_an_sdk_does_not_allow_is_said_on_the_stacks_row(plugin: Plugin, engine: Engine) -> None:
    """This thread belongs to no pool, and the main module is not the SDK's plugin."""
    plugin.prepare()
    assert {(line.severity, line.urn) for line in engine.lines} == {(engine_pb2.WARNING, "")}
    texts = [line.message for line in engine.lines]
    assert len(texts) == 2
    assert "serves 4 operations at a time" in texts[0]
    assert "does not pass Ctrl-C on" in texts[1]


def test_where_all_of_it_works_nothing_is_said(plugin: Plugin, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on every SDK that the engine tests run on."""

    class Servicer:
        def Cancel(self, request: Any, context: Any) -> None:  # noqa: N802 the servicer's name for it
            """Do nothing, as the SDK's does."""

    monkeypatch.setattr("__main__.DynamicResourceProviderServicer", Servicer, raising=False)
    with ThreadPoolExecutor(STOCK) as executor:
        executor.submit(plugin.prepare).result(30)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # this process is no plugin
    signal.set_wakeup_fd(-1)
    assert engine.lines == []


@pytest.mark.parametrize("python", PYTHONS)
def test_sigterm_is_heard_though_the_main_thread_sleeps_on_and_ends_what_was_started_here(python: str) -> None:
    """Another thread gets the signal, once. A health command is not kept alive by what this process hears."""
    ran = subprocess.run([python, "-c", SIGTERM, sigterm.__file__], capture_output=True, text=True, check=False)
    assert ran.stdout.split() == ["True", "True", str(-signal.SIGTERM)], ran.stderr


@pytest.mark.parametrize("text", ["a <{%b", "<{%reset%}>", "x <{%reset%}> y <{%"])
def test_no_colour_of_other_people_hides_a_part_of_a_line(engine: Engine, text: str) -> None:
    """The engine takes ``<{%`` for the beginning of one and does not show what follows."""
    EngineConnection(lambda: engine).log(engine_pb2.WARNING, text, "urn")
    (line,) = engine.lines
    assert "<{%" not in line.message
    assert line.message.replace("<{ %", "<{%") == text


def test_the_first_configuration_of_a_process_counts(
    plugin: Plugin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The SDK configures each provider class: a second process object would forget what the first has read."""
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    plugin.configure(Config({"zec:pollInterval": "7"}, "shop"))
    first = plugin.process
    plugin.configure(Config({"zec:pollInterval": "9"}, "shop"))
    assert plugin.process is first
    assert first.options.poll_interval == 7


def test_an_unknown_key_of_zenlayers_is_warned_of_once(
    plugin: Plugin, engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On the stack's row, without its value; keys of other packages are not ours to judge."""
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    config = {"zenlayercloud:domian": "hidden", "zenlayercloud:domain": "example.org", "zenlayer:x": "", "aws:y": ""}
    plugin.configure(Config(config, "shop"))
    plugin.configure(Config(config, "shop"))
    (line,) = [line for line in engine.lines if "no setting" in line.message]
    assert (line.severity, line.urn) == (engine_pb2.WARNING, "")
    assert "zenlayercloud:domian" in line.message
    assert "did you mean zenlayercloud:domain?" in line.message
    assert "hidden" not in line.message


def test_credentials_that_others_can_read_are_warned_of_once(
    plugin: Plugin, engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On the stack's row, with the command that mends it."""
    for name in [name for name in os.environ if name.startswith("ZENLAYER")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    file = tmp_path / ".zenlayer" / "credentials.json"
    file.parent.mkdir()
    file.write_text('{"default": {"token": "hidden"}}')
    file.chmod(0o644)
    plugin.configure(Config({}, "shop"))
    plugin.configure(Config({}, "shop"))
    (line,) = [line for line in engine.lines if "credentials" in line.message]
    assert (line.severity, line.urn) == (engine_pb2.WARNING, "")
    assert line.message == f"{file} holds credentials and can be read by other users; run `chmod 600 {file}`"


def test_a_misspelt_gate_of_a_provider_of_the_programs_own_is_known(
    plugin: Plugin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its configuration is not the stack's, and values need not be text."""
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    plugin.configure(Config({"zec:requireApprovals": True, "zec:allowRebuild": False}, "shop"))
    gates = plugin.process.options.gates
    assert [one.key for one in gates.unknown] == ["zec:requireApprovals"]
    assert gates.allow_rebuild is False


def test_an_sdk_that_keeps_its_configuration_otherwise_is_asked_for_each_key(
    plugin: Plugin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its keys cannot be listed then; what the program sends lists them."""

    class OtherConfig(Config):
        def __init__(self) -> None:
            """Keep nothing where today's SDK keeps it."""

        def get(self, key: str) -> Any:
            return {"zec:allowRebuild": "false"}.get(key)

    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    plugin.configure(OtherConfig())
    assert plugin.process.options.gates.allow_rebuild is False


def test_an_operation_before_the_configuration_is_refused(plugin: Plugin) -> None:
    """Which gates hold is not known then, so none is open."""
    with pytest.raises(CallFailedError, match="not configured"), plugin.operation("Create") as (process, _):
        assert process.options


@pytest.mark.parametrize("python", PYTHONS)
def test_what_was_queued_before_the_pool_grew_is_served_at_once(python: str) -> None:
    """Refresh sends all its reads before anything of ours has run."""
    command = [python, "-c", QUEUED, pool.__file__]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout) == (0, "True\n"), ran.stderr


def test_a_thread_of_no_pool_widens_none() -> None:
    """Should an SDK serve its operations in another way."""
    assert pool.widen() is False


def test_values_of_secret_inputs_are_masked_wherever_text_leaves(plugin: Plugin, engine: Engine) -> None:
    """The engine masks secret configuration, and not what a program makes a secret by itself."""
    plugin.connection.hide(["key-2ndKey01", "on"])
    call = find_call(("Create",), plugin.connection, plugin.cancelled)
    call.warn("keyId key-1 → key-2ndKey01, the agent is on")
    call.progress("RUNNING with key-2ndKey01")
    assert [line.message for line in engine.lines] == [
        "keyId key-1 → [secret], the agent is on",
        "RUNNING with [secret]",
    ]
    with pytest.raises(CallFailedError, match=r"^no key \[secret\] here$"):
        call.fail("no key key-2ndKey01 here")
