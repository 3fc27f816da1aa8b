"""What an index shows of the package: addresses from one place, and a README whose links lead somewhere."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager

import zec_pulumi
from driver import ROOT

if TYPE_CHECKING:
    from pathlib import Path

ADDRESS = "https://git.example.com/owner/name"
TARGET = re.compile(r"\]\(([^)\s]+)\)|\b(?:href|src)=\"([^\"]+)\"")
UNSET = re.compile(r'^repository = ".*"$', flags=re.MULTILINE)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The files that the metadata is made of, in a folder of their own."""
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "zec_pulumi", tmp_path / "zec_pulumi", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def metadata(project: Path, address: str) -> ProjectMetadata[PluginManager]:
    """Return the metadata as the build has it, when the repository has this address."""
    file = project / "pyproject.toml"
    text, places = UNSET.subn(f'repository = "{address}"', file.read_text("utf-8"))
    assert places == 1
    file.write_text(text, "utf-8")
    return ProjectMetadata(str(project), PluginManager())


def test_every_url_comes_from_the_one_address(project: Path) -> None:
    """They are those that an index lists beside the description, and lead to the files of this version."""
    urls = metadata(project, ADDRESS).core.urls
    assert list(urls) == ["Repository", "Documentation", "Changelog", "Issues", "Security"]
    for url in urls.values():
        path = url.removeprefix(ADDRESS)
        assert path != url
        files = re.fullmatch(rf"/blob/v{re.escape(zec_pulumi.__version__)}/(.+)", path)
        assert path in ("", "/issues") or (files and (ROOT / files[1]).exists()), url


def test_no_link_of_the_readme_is_relative_on_an_index(project: Path) -> None:
    """There a relative link leads to nothing, and so does an anchor."""
    text = metadata(project, ADDRESS).core.readme
    targets = [one or other for one, other in TARGET.findall(text)]
    assert targets
    assert [target for target in targets if not target.startswith("https://")] == []
    assert f"]({ADDRESS}/blob/v{zec_pulumi.__version__}/docs/report.md)" in text


def test_without_an_address_the_package_can_be_installed(project: Path) -> None:
    """A checkout works before anybody knows where the project will live."""
    core = metadata(project, "").core
    assert core.urls == {}
    assert core.readme == (ROOT / "README.md").read_text("utf-8")


def test_a_picture_leads_to_its_bytes(project: Path) -> None:
    """The page of a file is not a picture."""
    (project / "README.md").write_text("![rows](docs/rows.svg) and [rows](docs/rows.svg)\n", "utf-8")
    at = f"v{zec_pulumi.__version__}/docs/rows.svg"
    expected = f"![rows]({ADDRESS}/raw/{at}) and [rows]({ADDRESS}/blob/{at})\n"
    assert metadata(project, ADDRESS).core.readme == expected


def test_the_version_stands_in_one_place() -> None:
    """The package says the version that it was built with."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    assert re.findall(r'^version = "(.+)"$', text, flags=re.MULTILINE) == [zec_pulumi.__version__]
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "zec_pulumi").rglob("*.py"))
    assert f'"{zec_pulumi.__version__}"' not in sources
