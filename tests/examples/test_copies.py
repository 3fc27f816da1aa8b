"""Tests use the examples as the repository has them: what a user left in their folders is not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import checkout

if TYPE_CHECKING:
    from pathlib import Path

LEFT = [
    "Pulumi.dev.yaml",
    ".pulumi/stacks/dev.json",
    "backend/.pulumi/meta.yaml",
    "home/.pulumi/credentials.json",
    ".venv/lib/README.md",
    "venv/pyvenv.cfg",
    "__pycache__/__main__.pyc",
    "sdks/zenlayercloud/README.md",
    "terraform/terraform.tfstate",
    "terraform/.terraform/providers/README.md",
]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose one example has been used."""
    for name in ("Pulumi.yaml", "__main__.py", "terraform/main.tf", *LEFT):
        file = tmp_path / "examples" / "one" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    return tmp_path


def test_a_copy_has_the_example_s_own_files_only(root: Path) -> None:
    """Neither stack files nor state, environments or generated packages."""
    checkout.copy_example("one", root / "copy")

    copied = {str(file.relative_to(root / "copy")) for file in (root / "copy").rglob("*") if file.is_file()}
    assert copied == {"Pulumi.yaml", "__main__.py", "terraform/main.tf"}


def test_pages_that_users_left_are_no_documents(root: Path) -> None:
    """However deep they are; the example's own are."""
    assert all(checkout.left_behind(root / "examples" / "one" / name) for name in LEFT)
    assert not checkout.left_behind(root / "examples" / "one" / "README.md")
