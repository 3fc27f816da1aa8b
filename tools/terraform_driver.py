"""Drives the real `tofu` and `terraform` against the simulator, with a stand-in for their provider; for tests."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from driver import ROOT

if TYPE_CHECKING:
    from zec_pulumi.simulator import Simulator

BUILT = ROOT / ".cache" / "opentofu"
PROVIDER = BUILT / "terraform-provider-zenlayercloud"
TERRAFORM = shutil.which("terraform")
CHANGES = 2
"""The status of a plan with `-detailed-exitcode` that has changes."""

COMMANDS = {"tofu": str(BUILT / "tofu"), **({"terraform": TERRAFORM} if TERRAFORM else {})}
"""The commands by name: `terraform` only where it is installed."""


@dataclass
class Folder:
    """A folder with a configuration, and one of the two commands, alone on PATH."""

    path: Path
    name: str
    cloud: Simulator
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        """What the command needs; it finds the provider by its configuration file, so `init` is not needed."""
        home = self.path.parent
        return {
            "PATH": f"{home / 'bin'}:/usr/bin:/bin",
            "HOME": str(home),
            "TF_CLI_CONFIG_FILE": str(home / "rc"),
            "CHECKPOINT_DISABLE": "1",
            **self.cloud.environment(),
            **self.more,
        }

    def set_up(self) -> None:
        """Put the command on PATH and the provider into its configuration."""
        assert Path(COMMANDS[self.name]).exists(), "no tofu: run make opentofu"
        assert PROVIDER.exists(), "no provider: run make opentofu"
        (self.path.parent / "bin").mkdir()
        (self.path.parent / "bin" / self.name).symlink_to(COMMANDS[self.name])
        override = f'dev_overrides {{\n    "zenlayer/zenlayercloud" = "{BUILT}"\n  }}\n  direct {{}}'
        (self.path.parent / "rc").write_text(f"provider_installation {{\n  {override}\n}}\n")

    def run(self, *arguments: str, statuses: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        """Run the command to its end, which must be with one of these statuses."""
        done = subprocess.run(
            [COMMANDS[self.name], *arguments, *(("-no-color",) if arguments[0] != "state" else ())],
            cwd=self.path,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode in statuses, done.stdout + done.stderr
        return done

    def apply(self) -> None:
        """Create and change what the configuration says, without a question."""
        self.run("apply", "-auto-approve")

    def changes(self) -> bool:
        """Return whether a plan, which reads the machines, has changes."""
        return self.run("plan", "-detailed-exitcode", statuses=(0, CHANGES)).returncode == CHANGES
