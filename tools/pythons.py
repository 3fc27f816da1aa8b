"""Make virtual environments for all other Pythons that are supported and here, with the oldest SDK and with the newest.

The plugin reaches into Python's thread pool and into Pulumi's SDK, and what it does there is tested with all of them.
Looked for on PATH and where pyenv and uv keep theirs; a Python that is not here is said, and nothing is downloaded.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from driver import OTHER_PYTHONS, ROOT
from supported import PYTHONS

if TYPE_CHECKING:
    from collections.abc import Iterator


KEPT_BY = (
    Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions",
    Path(os.environ.get("UV_PYTHON_INSTALL_DIR", Path.home() / ".local" / "share" / "uv" / "python")),
)
VERSION = "import sys; print('{}.{}'.format(*sys.version_info))"


def main() -> None:
    """Make what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("oldest", metavar="VERSION", help="the oldest version of Pulumi's SDK that is supported")
    oldest = f"pulumi=={parser.parse_args().oldest}"
    own = ".".join(map(str, sys.version_info[:2]))
    for version in PYTHONS:
        python = None if version == own else find(version)
        if python:
            for name, more in (("oldest", [oldest]), ("newest", [])):
                make(OTHER_PYTHONS / f"{version}-{name}", python, more)
        elif version != own:
            print(f"set-up: Python {version} is not here; nothing is tested with it")


def find(version: str) -> str | None:
    """Return a Python of this version that runs, None when there is none."""
    for candidate in _candidates(version):
        ran = subprocess.run([candidate, "-c", VERSION], capture_output=True, text=True, check=False)
        if ran.stdout.strip() == version:
            return candidate
    return None


def _candidates(version: str) -> Iterator[str]:
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield on_path
    for folder in KEPT_BY:
        yield from map(str, sorted(folder.glob(f"*/bin/python{version}")))


def make(folder: Path, python: str, more: list[str]) -> None:
    """Make the virtual environment ``folder``, if it is not there as the project's own files want it."""
    ready = folder / "ready"
    wanted = max((ROOT / name).stat().st_mtime for name in ("pyproject.toml", "requirements.txt"))
    if ready.exists() and ready.stat().st_mtime > wanted:
        return
    print(f"set-up: virtual environment {folder.name} (once) ...", flush=True)
    subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--upgrade", "pip"], check=True)
    subprocess.run([*pip, "install", "--requirement", "requirements.txt", *more], check=True, cwd=ROOT)
    ready.touch()


if __name__ == "__main__":
    main()
