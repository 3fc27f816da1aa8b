"""Build the sdist and the wheel into dist/, and try them as a stranger would: ``make dist``.

The wheel is installed into a fresh environment, and the demo runs from it. The sdist is unpacked, and its unit tests
run there. Nothing is uploaded.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
PUBLIC = """
import zec_pulumi, zec_pulumi.api, zec_pulumi.simulator, zec_pulumi.terraform
from zec_pulumi.cli.main import main
assert "site-packages" in zec_pulumi.__file__, zec_pulumi.__file__
for name in zec_pulumi.__all__:
    getattr(zec_pulumi, name)
with zec_pulumi.simulator.Simulator():
    main(["--version"])
"""
UNIT_TESTS = ("-m", "pytest", "-q", "-n", "2", "-m", "not slow", "tests/unit", "tests/publishing")


def main() -> int:
    """Build and try; 0, or 1 with a sentence about the first thing that is wrong."""
    try:
        sdist, wheel = build()
        with tempfile.TemporaryDirectory(prefix="zec-dist-") as scratch:
            try_out(unpacked(sdist, Path(scratch)), wheel)
    except subprocess.CalledProcessError as error:
        print(f"dist: `{' '.join(map(str, error.cmd))}` ended with {error.returncode}", file=sys.stderr)
        return 1
    except ValueError as error:
        print(f"dist: {error}", file=sys.stderr)
        return 1
    print(f"dist: {sdist.name} and {wheel.name} are in {DIST}")
    return 0


def build() -> tuple[Path, Path]:
    """Build both, the wheel from the sdist, and return them.

    Raises:
        ValueError: A file of the repository is not in the sdist.
    """
    print("dist: building ...", flush=True)
    shutil.rmtree(DIST, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "build", "--outdir", DIST, ROOT], check=True, stdout=subprocess.DEVNULL)
    [sdist], [wheel] = DIST.glob("*.tar.gz"), DIST.glob("*.whl")
    subprocess.run([sys.executable, "-m", "twine", "--no-color", "check", "--strict", sdist, wheel], check=True)
    left_out = committed() - contents(sdist)
    if left_out:
        raise ValueError(f"{sdist.name} lacks {', '.join(sorted(left_out))}")
    return sdist, wheel


def committed() -> set[str]:
    """Return the files that git knows, as paths from the root."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], check=True, capture_output=True, text=True)
    return set(listed.stdout.split("\0")) - {""}


def contents(sdist: Path) -> set[str]:
    """Return the files of an sdist, as paths from its one folder."""
    with tarfile.open(sdist) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def unpacked(sdist: Path, scratch: Path) -> Path:
    """Unpack an sdist below ``scratch`` and return its one folder."""
    shutil.unpack_archive(sdist, scratch)
    [folder] = scratch.iterdir()
    return folder


def try_out(folder: Path, wheel: Path) -> None:
    """Install the wheel into an environment of its own in ``folder``; run the demo and the unit tests there."""
    print("dist: a fresh environment with the wheel ...", flush=True)
    subprocess.run([sys.executable, "-m", "venv", folder / ".venv"], check=True)
    python = folder / ".venv" / "bin" / "python"
    pip: list[str | Path] = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--upgrade", "pip"], check=True)
    subprocess.run([*pip, "install", f"{wheel}[simulator,cli,terraform]"], check=True)
    # What users get, before anything of the developers' is there. In this folder the sources would come first.
    subprocess.run([python, "-c", PUBLIC], check=True, cwd=folder.parent)
    subprocess.run([*pip, "install", "--group", "dev"], check=True, cwd=folder)
    print("dist: the demo from the wheel ...", flush=True)
    # The folder of a script, and not the one above it, is where Python looks first: what runs is the wheel's package.
    subprocess.run([python, folder / "tools" / "demo.py"], check=True, stdout=subprocess.DEVNULL)
    print("dist: the unit tests of the sdist ...", flush=True)
    subprocess.run([python, *UNIT_TESTS], check=True, cwd=folder)


if __name__ == "__main__":
    sys.exit(main())
