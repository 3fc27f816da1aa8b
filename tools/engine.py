"""Find the Pulumi engine, install it, or build it; print its folder as the last line.

Three ways, in this order:

1. ``pulumi`` on PATH, if it is recent enough (it is then also the user's own).
2. The official installer, through the SDK's ``PulumiCommand.install()``.
3. A build from the Go module proxy, for machines that reach package registries only.

Ways 2 and 3 put it where ``PulumiCommand.install()`` looks, so every checkout on a machine shares it.

``--with-language-host FOLDER``: an engine built from Go modules cannot run ``runtime: python`` projects, because its
language host is not among them. Then FOLDER gets the engine together with this checkout's stand-in (for its tests and
its demo only) and is printed instead.
"""

from __future__ import annotations

import argparse
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pulumi.automation import PulumiCommand
from semver import VersionInfo

VERSION = VersionInfo.parse("3.259.0")
"""The engine version that is installed or built, and the oldest one taken from PATH."""

ROOT = Path.home() / ".pulumi" / "versions" / str(VERSION)
MODULE = Path(__file__).parent / "engine"
COMMAND = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
LAUNCHER = "pulumi-resource-pulumi-python"
LANGUAGE_HOST = "pulumi-language-python"
OLDEST_GO = (1, 25)


def say(text: str) -> None:
    """Tell what is going on, on standard error: standard output carries the answer."""
    print(f"engine: {text}", file=sys.stderr, flush=True)


def on_path() -> Path | None:
    """Return the folder of the ``pulumi`` on PATH if it is recent enough and complete."""
    found = shutil.which("pulumi")
    if found is None:
        return None
    try:
        command = PulumiCommand(skip_version_check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        say(f"{found} does not run ({error}); not used")
        return None
    if command.version is None or command.version < VERSION:
        say(f"{found} is version {command.version}, older than {VERSION}; not used")
        return None
    if shutil.which(LAUNCHER) is None and not Path(found).resolve().with_name(LAUNCHER).exists():
        say(f"{found} has no {LAUNCHER} beside it; not used")
        return None
    return Path(found).resolve().parent


def installed() -> Path | None:
    """Return the folder of an engine that an earlier run installed or built."""
    folder = ROOT / "bin"
    complete = all((folder / name).exists() for name in ("pulumi", LAUNCHER))
    return folder if complete else None


def install() -> Path | None:
    """Run the official installer; None when it cannot be reached."""
    say(f"running the official installer for pulumi {VERSION} ...")
    try:
        PulumiCommand.install(root=str(ROOT), version=VERSION, skip_version_check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        say(f"the official installer cannot be reached ({type(error).__name__}: {error})")
        return None
    return installed()


def go_version() -> tuple[int, int] | None:
    """Return the version of the Go toolchain on PATH, if there is one."""
    try:
        text = subprocess.check_output(["go", "env", "GOVERSION"], cwd=MODULE, text=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    parts = text.strip().removeprefix("go").split(".")
    return int(parts[0]), int("".join(c for c in parts[1] if c.isdigit()))


def build() -> Path | None:
    """Build the engine from its pinned Go modules (some 4 minutes and 1.4 GB of modules on 2 cores)."""
    found = go_version()
    if found is None or found < OLDEST_GO:
        say("no Go toolchain of version 1.25 or newer on PATH; not built")
        return None
    say(f"building pulumi {VERSION} from the Go module proxy; the first time takes about 4 minutes ...")
    started = time.monotonic()
    folder = ROOT / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    flags = f"-s -w -X {SDK_MODULE}/go/common/version.Version=v{VERSION}"
    # Built beside its place and moved there: an interrupted build leaves no half engine behind.
    with tempfile.TemporaryDirectory(dir=ROOT) as scratch:
        made = Path(scratch) / "pulumi"
        build_command = ["go", "build", "-trimpath", "-tags", "osusergo,grpcnotrace", "-ldflags", flags]
        try:
            subprocess.run(
                [*build_command, "-o", str(made), COMMAND],
                cwd=MODULE,
                env={**os.environ, "CGO_ENABLED": "0"},
                check=True,
            )
            sdk = subprocess.check_output(
                ["go", "list", "-m", "-f", "{{.Dir}}", SDK_MODULE], cwd=MODULE, text=True
            ).strip()
        except subprocess.CalledProcessError as error:
            say(f"the build failed with exit code {error.returncode}")
            return None
        launcher = Path(scratch) / LAUNCHER
        shutil.copyfile(Path(sdk) / "python" / "dist" / LAUNCHER, launcher)
        launcher.chmod(stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
        for file in (launcher, made):
            file.replace(folder / file.name)
    say(f"built in {time.monotonic() - started:.0f} s")
    return installed()


def find() -> Path | None:
    """Return the engine's folder by the first way that works."""
    return on_path() or installed() or install() or build()


def with_language_host(engine: Path, folder: Path) -> Path:
    """Return a folder whose engine runs Python projects: ``engine`` itself, or ``folder`` filled for the purpose."""
    if (engine / LANGUAGE_HOST).exists():
        return engine
    folder.mkdir(parents=True, exist_ok=True)
    # The engine looks for its parts beside its real path, so a symbolic link would not do.
    for source in (
        engine / "pulumi",
        engine / LAUNCHER,
        Path(__file__).parent / "language_host" / LANGUAGE_HOST,
    ):
        copy = folder / source.name
        if copy.exists() and copy.stat().st_mtime_ns == source.stat().st_mtime_ns:
            continue
        copy.unlink(missing_ok=True)
        shutil.copy2(source, copy)
    return folder.resolve()


def main() -> int:
    """Print the folder of a usable engine; 1 with one message when there is none."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--with-language-host", type=Path, metavar="FOLDER", help="make it run Python projects")
    arguments = parser.parse_args()
    folder = find()
    if folder is None:
        say(
            f"no Pulumi engine. Install pulumi {VERSION} or newer (https://www.pulumi.com/docs/install/) and put it"
            " on PATH, or install Go 1.25 or newer (https://go.dev/dl/) and run this again."
        )
        return 1
    if arguments.with_language_host:
        folder = with_language_host(folder, arguments.with_language_host)
    say(f"using {folder}")
    print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
