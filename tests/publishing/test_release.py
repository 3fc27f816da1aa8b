"""`make release`: what it refuses, what it writes, and what it leaves to a person."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

import release

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = 'version = "0.1.0"\nrepository = "{address}"\n'
CHANGELOG = """\
# Changelog

## Unreleased

### Added

- A thing.

## 0.1.0 - 2026-01-02

### Added

- The first.
"""
ADDRESS = "https://git.example.com/owner/name"


def git(folder: Path, *arguments: str) -> None:
    """Run git as somebody."""
    identity = ("-c", "user.name=tester", "-c", "user.email=tester@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


def write(folder: Path, *, changelog: str = CHANGELOG, project: str = PROJECT.format(address=ADDRESS)) -> None:
    """Write the files of a checkout and commit them."""
    (folder / "CHANGELOG.md").write_text(changelog, "utf-8")
    (folder / "pyproject.toml").write_text(project, "utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "Files")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that is ready to be released as 0.2.0."""
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    states = tmp_path / release.STATES
    states.mkdir(parents=True)
    (states / "0.2.0.json").write_text("{}")
    write(tmp_path)
    return tmp_path


def refused(checkout: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the sentence of a refusal, which must have changed nothing."""
    before = [(checkout / name).read_text("utf-8") for name in ("CHANGELOG.md", "pyproject.toml")]
    assert release.main([*arguments], checkout) == 1
    assert [(checkout / name).read_text("utf-8") for name in ("CHANGELOG.md", "pyproject.toml")] == before
    shown = capsys.readouterr()
    assert shown.out == ""
    return shown.err


def test_a_release_cuts_the_changelog_and_sets_the_version(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was unreleased is the release, and the next section is there."""
    assert release.main(["0.2.0"], checkout) == 0
    cut = (checkout / "CHANGELOG.md").read_text("utf-8")
    assert re.findall(r"^## (.+?)(?: - .*)?$", cut, flags=re.MULTILINE) == ["Unreleased", "0.2.0", "0.1.0"]
    assert "\n## Unreleased\n\n## 0.2.0 - 20" in cut
    assert cut.index("## 0.2.0") < cut.index("- A thing.") < cut.index("## 0.1.0")
    assert (checkout / "pyproject.toml").read_text("utf-8") == PROJECT.format(address=ADDRESS).replace("0.1.0", "0.2.0")
    assert "git tag --annotate v0.2.0" in capsys.readouterr().out


def test_a_release_leaves_git_alone(checkout: Path) -> None:
    """Commit, tag and push are a person's."""
    before = release.Checkout(checkout).git("log", "--format=%H")
    release.main(["0.2.0"], checkout)
    assert release.Checkout(checkout).git("log", "--format=%H") == before
    assert release.Checkout(checkout).git("tag") == ""


def test_the_first_release_needs_none_before_it(checkout: Path) -> None:
    """The changelog has only what is unreleased."""
    write(checkout, changelog="# Changelog\n\n## Unreleased\n\n### Added\n\n- The first.\n")
    assert release.main(["0.2.0"], checkout) == 0
    assert "\n## 0.2.0 - 20" in (checkout / "CHANGELOG.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("", "the repository has no address yet"),
        ("http://git.example.com/owner/name", "not like https://"),
        ("https://git.example.com/owner", "not like https://"),
    ],
)
def test_without_an_address_there_is_no_release(
    checkout: Path, capsys: pytest.CaptureFixture[str], address: str, sentence: str
) -> None:
    """Links and URLs on the index page come from it, and a release cannot be changed."""
    write(checkout, project=PROJECT.format(address=address))
    assert sentence in refused(checkout, capsys, "0.2.0")
    assert sentence in refused(checkout, capsys, "--tag", "v0.1.0")


@pytest.mark.parametrize("version", ["", "v0.2.0", "0.2", "0.2.0rc1", "00.2.0", "0.2.0\n", "next"])
def test_what_is_no_version_is_refused(checkout: Path, capsys: pytest.CaptureFixture[str], version: str) -> None:
    """An empty one is `make release` without VERSION."""
    assert "is not a version such as 0.2.0" in refused(checkout, capsys, version)


@pytest.mark.parametrize("version", ["0.1.0", "0.0.9"])
def test_a_version_that_is_not_above_the_newest_is_refused(
    checkout: Path, capsys: pytest.CaptureFixture[str], version: str
) -> None:
    """An index takes no version twice."""
    assert f"{version} is not above 0.1.0" in refused(checkout, capsys, version)


def test_versions_are_compared_as_numbers(checkout: Path) -> None:
    """0.10.0 is above 0.9.0."""
    write(checkout, changelog=CHANGELOG.replace("## 0.1.0", "## 0.9.0"))
    (checkout / release.STATES / "0.10.0.json").write_text("{}")
    write(checkout, changelog=CHANGELOG.replace("## 0.1.0", "## 0.9.0"))
    assert release.main(["0.10.0"], checkout) == 0


def test_an_empty_section_is_refused(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Users must learn what changes for them."""
    write(checkout, changelog=CHANGELOG.replace("- A thing.\n", ""))
    assert "nothing under `## Unreleased`" in refused(checkout, capsys, "0.2.0")


def test_files_that_are_not_committed_are_refused(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is tagged is what was looked at."""
    (checkout / "stray.txt").write_text("")
    assert "1 files are not committed, such as stray.txt" in refused(checkout, capsys, "0.2.0")
    (checkout / "stray.txt").unlink()
    (checkout / "CHANGELOG.md").write_text(f"{CHANGELOG}\n")
    assert "1 files are not committed, such as CHANGELOG.md" in refused(checkout, capsys, "0.2.0")


def test_another_branch_is_refused(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A release is cut where everybody sees it."""
    git(checkout, "switch", "--quiet", "--create", "side")
    assert "this is branch side" in refused(checkout, capsys, "0.2.0")


def test_a_tag_that_exists_is_refused(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A tag never moves."""
    git(checkout, "tag", "v0.2.0")
    assert "the tag v0.2.0 exists already" in refused(checkout, capsys, "0.2.0")


def test_a_release_without_a_recording_of_its_state_is_refused(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Later releases prove with it that they preview no change."""
    assert f"{release.STATES}/0.3.0.json is missing" in refused(checkout, capsys, "0.3.0")


def test_a_tag_of_this_version_may_be_published(checkout: Path) -> None:
    """The changelog's newest release is the version of the files."""
    assert release.main(["--tag", "v0.1.0"], checkout) == 0


@pytest.mark.parametrize("tag", ["v0.2.0", "0.1.0", "v0.1.0-rc1"])
def test_a_tag_of_another_version_is_not_published(
    checkout: Path, capsys: pytest.CaptureFixture[str], tag: str
) -> None:
    """A tag that was put on the wrong commit, or is not one of a release."""
    assert "pyproject.toml has version 0.1.0" in refused(checkout, capsys, "--tag", tag)


def test_a_tag_whose_changelog_was_not_cut_is_not_published(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody set the version by hand."""
    write(checkout, changelog="# Changelog\n\n## Unreleased\n\n- A thing.\n")
    assert "the newest release in CHANGELOG.md is none" in refused(checkout, capsys, "--tag", "v0.1.0")
