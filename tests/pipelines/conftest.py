"""Runs the shell steps of the pipelines as their runners do, with a recorder in place of what talks to the forge."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import engine
from driver import ROOT, Stack, copied_stack, ended, new_stack
from zec_pulumi.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

EXAMPLES = ROOT / "examples" / "gitops"
EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")
COMMAND_SECONDS = 60.0
GITHUB = {
    "github.repository": "o/r",
    "github.sha": "c0ffee",
    "github.event.pull_request.number": "7",
    "github.token": "token",
    "secrets.PULUMI_ACCESS_TOKEN": "",
}

FORGE = r'''#!{python}
"""Stands in for gh, curl and pip: records the call and the text it sends, and answers as the test said."""
import json, pathlib, subprocess, sys

here = pathlib.Path(__file__).parent
arguments = sys.argv[1:]
line = " ".join(arguments)
after = {{a: b for a, b in zip(arguments, arguments[1:])}}
body = after.get("--body-file") or next((a[5:] for a in arguments if a.startswith("body@")), None)
body = body or next((a[6:] for a in arguments if a.startswith("body=@")), None)
text = pathlib.Path(body).read_text() if body else None
call = {{"command": pathlib.Path(sys.argv[0]).name, "line": line, "body": text}}
with (here / "calls").open("a") as calls:
    calls.write(json.dumps(call) + "\n")
answers = json.loads((here / "answers.json").read_text())
answer = next((value for part, value in answers.items() if part in line), [])
text = json.dumps(answer)
if "--jq" in after:
    text = subprocess.run(["jq", "-r", after["--jq"]], input=text, capture_output=True, text=True, check=True).stdout
if "--output" in after:
    pathlib.Path(after["--output"]).write_text(text)
else:
    sys.stdout.write(text)
'''


@dataclass
class Pipeline:
    """A checkout of a project with its stack, in which jobs run."""

    stack: Stack
    commands: Path
    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    shell: subprocess.Popen[str] | None = None
    """What runs the step that is under way."""

    def cancel_during_the_rebuild(self, send: Callable[[subprocess.Popen[str]], None]) -> None:
        """Let a rebuild never end, and send the runner's signals to the step as soon as it is accepted."""
        self.stack.cloud.add_fault(action="ResetInstance", nth=1, effect={"type": "never_ends"})

        def cancel() -> None:
            until = time.monotonic() + COMMAND_SECONDS
            while "ResetInstance" not in self.stack.actions() and time.monotonic() < until:
                time.sleep(0.05)
            assert self.shell is not None
            send(self.shell)

        threading.Thread(target=cancel, daemon=True).start()

    def answer(self, answers: dict[str, Any]) -> None:
        """Say what the forge answers to calls whose arguments contain a text."""
        (self.commands / "answers.json").write_text(json.dumps(answers))

    def fail_previews(self) -> None:
        """Let every preview print what it prints, and then end with 255, as one does whose policy is violated."""
        command = self.commands / "pulumi"
        command.write_text(f'#!/bin/sh\n{self.stack.engine}/pulumi "$@" || exit\n[ "$1" != preview ] || exit 255\n')
        command.chmod(0o755)

    @property
    def calls(self) -> list[dict[str, str]]:
        """What was sent to the forge, pip aside, in order."""
        lines = (self.commands / "calls").read_text().splitlines()
        return [call for call in map(json.loads, lines) if call["command"] != "pip"]

    def github(self, file: str, job: str) -> subprocess.CompletedProcess[str]:
        """Run every `run:` of a job until one fails; outputs are those of the steps and jobs before it."""
        workflow = yaml.safe_load((EXAMPLES / "github" / file).read_text())
        for step in workflow["jobs"][job]["steps"]:
            if "run" not in step or not self._holds(step.get("if")):
                continue
            ran = self._bash(step["run"], {k: self._value(v) for k, v in step.get("env", {}).items()})
            if ran.returncode:
                return ran
        return ran

    def gitlab(self, job: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the script of a job as one shell, as a runner does."""
        pipeline = yaml.safe_load((EXAMPLES / "gitlab" / ".gitlab-ci.yml").read_text())
        return self._bash("\n".join(pipeline[job]["script"]), variables)

    def _bash(self, script: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
        assert EXPRESSION.search(script) is None, "an expression inside a script is untrusted text in a shell"
        files = {name: self.commands / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        self.shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.stack.folder,
            env={**self._environment(), **{k: str(v) for k, v in files.items()}, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        done = ended(self.shell, COMMAND_SECONDS)
        ran = subprocess.CompletedProcess(self.shell.args, done.code, done.stdout, done.stderr)
        if files["GITHUB_OUTPUT"].exists():
            self.outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
        if files["GITHUB_STEP_SUMMARY"].exists():
            self.summary = files["GITHUB_STEP_SUMMARY"].read_text()
        return ran

    def _environment(self) -> dict[str, str]:
        folder = self.stack.folder
        return {
            "PATH": f"{self.commands}:{self.stack.python}:{self.stack.engine}:{os.environ['PATH']}",
            "HOME": str(folder / "home"),
            "PULUMI_HOME": str(folder / "home" / ".pulumi"),
            "PULUMI_BACKEND_URL": f"file://{folder / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PYTHONWARNINGS": "ignore",
            "STACK": self.stack.name,
            **self.stack.cloud.environment(),
        }

    def _holds(self, condition: str | None) -> bool:
        if condition is None:
            return True
        name, _, wanted = condition.partition(" == ")
        return self._expression(name) == wanted.strip("'")

    def _value(self, text: str) -> str:
        return EXPRESSION.sub(lambda found: self._expression(found[1]), text)

    def _expression(self, name: str) -> str:
        """Return what GitHub would; secrets are those of the simulated cloud."""
        if ".outputs." in name:
            return self.outputs[name.rpartition(".")[2]]
        secrets = {f"secrets.{key}": value for key, value in self.stack.cloud.environment().items()}
        return {**GITHUB, **secrets}[name]


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A stack to copy, which has recorded web-1."""
    found = engine.find()
    assert found is not None, "no Pulumi engine: run make engine"
    with Simulator() as cloud:
        folder = engine.with_language_host(found, ROOT / ".cache" / "engine")
        stack = new_stack(tmp_path_factory.mktemp("recorded"), cloud, folder, "newest")
        return stack.adopt(image_id="ubuntu2204_20240712")


@pytest.fixture
def pipeline(tmp_path: Path, recorded: Stack) -> Iterator[Pipeline]:
    """A project whose stack has web-1 recorded, on a simulated cloud with fast transitions."""
    commands = tmp_path / "commands"
    commands.mkdir()
    for name in ("gh", "curl", "pip"):
        (commands / name).write_text(FORGE.format(python=sys.executable))
        (commands / name).chmod(0o755)
    (commands / "answers.json").write_text("{}")
    with Simulator(rebuild_seconds=0.4, stop_seconds=0.2) as cloud:
        yield Pipeline(copied_stack(recorded, tmp_path / "project", cloud), commands)
