"""Cut a release: check that it can be one, set the version, cut the changelog, and tell what is left to do.

``make release VERSION=0.2.0`` changes CHANGELOG.md and pyproject.toml and nothing else; a person commits, tags and
pushes.
``tools/release.py --tag v0.2.0`` is what the workflow asks before it publishes that tag.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
UNRELEASED = "## Unreleased\n"
RELEASED = re.compile(r"^## (\d+\.\d+\.\d+) - \d{4}-\d{2}-\d{2}$", flags=re.MULTILINE)
VERSION = re.compile(r"^version = \"(.+)\"$", flags=re.MULTILINE)
REPOSITORY = re.compile(r"^repository = \"(.*)\"$", flags=re.MULTILINE)
STATES = Path("tests") / "engine" / "recorded_states"


class RefusedError(Exception):
    """Why there is no release; a sentence."""


@dataclass(frozen=True)
class Checkout:
    """The files that a release is about, in the folder ``root``."""

    root: Path

    @property
    def changelog(self) -> Path:
        """The changelog."""
        return self.root / "CHANGELOG.md"

    @property
    def project(self) -> Path:
        """The only file with the version and with the repository's address."""
        return self.root / "pyproject.toml"

    def git(self, *arguments: str) -> str:
        """Return what a git command prints.

        Raises:
            RefusedError: It failed.
        """
        ran = subprocess.run(["git", "-C", self.root, *arguments], capture_output=True, text=True, check=False)
        if ran.returncode:
            raise RefusedError(f"`git {' '.join(arguments)}` failed: {ran.stderr.strip()}")
        return ran.stdout.rstrip("\n")


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Prepare the release of a version, or check a tag; 1 with a sentence when it is refused."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("version", nargs="?", help="the version to release, such as 0.2.0")
    what.add_argument("--tag", help="check that this tag may be published, such as v0.2.0")
    given = parser.parse_args(arguments)
    checkout = Checkout(root)
    try:
        if given.tag:
            check_tag(checkout, given.tag)
        else:
            prepare(checkout, given.version, dt.datetime.now(dt.timezone.utc).date())
    except RefusedError as refusal:
        print(f"release: refused: {refusal}", file=sys.stderr)
        return 1
    return 0


def prepare(checkout: Checkout, version: str, today: dt.date) -> None:
    """Write the version and the cut changelog, after all checks, and print the commands that are left.

    Raises:
        RefusedError: Something stands against it; nothing was written.
    """
    changelog, project = checkout.changelog.read_text("utf-8"), checkout.project.read_text("utf-8")
    check_address(project)
    check_number(version, changelog)
    check_git(checkout, version)
    if not (checkout.root / STATES / f"{version}.json").exists():
        raise RefusedError(
            f"{STATES}/{version}.json is missing. Set the version in pyproject.toml, run `make .venv/ready`, then"
            " .venv/bin/python tools/record_state.py, and commit both"
        )
    cut = cut_changelog(changelog, version, today)
    checkout.changelog.write_text(cut, "utf-8")
    checkout.project.write_text(VERSION.sub(f'version = "{version}"', project, count=1), "utf-8")
    print(
        f"release: CHANGELOG.md and pyproject.toml are those of {version}. Read the difference, then run\n\n"
        f"  make test-all && make dist\n"
        f'  git commit --all --message "Release {version}"\n'
        f'  git tag --annotate v{version} --message "{version}"\n'
        f"  git push origin main v{version}\n\n"
        "The workflow `release` tests what the tag holds, and publishes it."
    )


def check_tag(checkout: Checkout, tag: str) -> None:
    """Check that a tag names the version of its own files, and that the changelog has that version.

    Raises:
        RefusedError: It does not, or the repository has no address.
    """
    project = checkout.project.read_text("utf-8")
    check_address(project)
    version = VERSION.findall(project)[0]
    if tag != f"v{version}":
        raise RefusedError(f"the tag is {tag}, and pyproject.toml has version {version}")
    released = RELEASED.findall(checkout.changelog.read_text("utf-8"))
    if released[:1] != [version]:
        raise RefusedError(
            f"the newest release in CHANGELOG.md is {released[0] if released else 'none'}, not {version}"
        )
    print(f"release: {tag} may be published")


def check_address(project: str) -> None:
    """Refuse while nobody knows where the project lives.

    Raises:
        RefusedError: The address is empty, or not one of the web.
    """
    address = REPOSITORY.findall(project)[0]
    if not address:
        raise RefusedError(
            "the repository has no address yet. Set `repository` in pyproject.toml, below"
            " [tool.hatch.metadata.hooks.custom]; the index page, its links and its URLs come from there"
        )
    if not re.fullmatch(r"https://[\w.-]+(?:/[\w.-]+){2,}", address):
        raise RefusedError(f"`repository` in pyproject.toml is {address!r}, and not like https://github.com/OWNER/NAME")


def check_number(version: str, changelog: str) -> None:
    """Refuse a version that is none, or that is not above the newest release.

    Raises:
        RefusedError: It is so.
    """
    if not re.fullmatch(r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}", version):
        raise RefusedError(f"{version!r} is not a version such as 0.2.0")
    released = RELEASED.findall(changelog)
    if released and numbers(version) <= numbers(released[0]):
        raise RefusedError(f"{version} is not above {released[0]}, the newest release in CHANGELOG.md")


def numbers(version: str) -> tuple[int, ...]:
    """Return a version for comparing."""
    return tuple(map(int, version.split(".")))


def check_git(checkout: Checkout, version: str) -> None:
    """Refuse anything but a clean `main` without the tag.

    Raises:
        RefusedError: It is not.
    """
    branch = checkout.git("branch", "--show-current")
    if branch != "main":
        raise RefusedError(f"this is branch {branch or 'none'}; a release is cut on main")
    changed = checkout.git("status", "--porcelain").splitlines()
    if changed:
        raise RefusedError(
            f"{len(changed)} files are not committed, such as {changed[0][3:]}; commit or remove them first"
        )
    if checkout.git("tag", "--list", f"v{version}"):
        raise RefusedError(f"the tag v{version} exists already")


def cut_changelog(changelog: str, version: str, today: dt.date) -> str:
    """Return the changelog with what is unreleased as the release ``version``, and an empty section above it.

    Raises:
        RefusedError: Nothing is unreleased.
    """
    before, heading, after = changelog.partition(f"\n{UNRELEASED}")
    entries = after.partition("\n## ")[0]
    if not heading or not re.search(r"^- ", entries, flags=re.MULTILINE):
        raise RefusedError("CHANGELOG.md has nothing under `## Unreleased`: users must learn what changes for them")
    return f"{before}\n{UNRELEASED}\n## {version} - {today.isoformat()}\n{after}"


if __name__ == "__main__":
    sys.exit(main())
