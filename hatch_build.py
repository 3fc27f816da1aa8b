"""Completes the package's metadata when it is built: its addresses, and a README whose links work on an index page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

RELATIVE_LINK = re.compile(r"(!?)(\[[^\]]*\])\((?![a-z]+:)([^)\s]+)\)")


class AddressHook(MetadataHookInterface):
    """Derives ``urls`` and ``readme`` from the one place that names the repository, in pyproject.toml."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set both fields; while the repository has no address, there are no URLs and the links stay relative."""
        readme = (Path(self.root) / "README.md").read_text("utf-8")
        repository = self.config["repository"].rstrip("/")
        metadata["urls"] = {}
        if repository:
            files = f"{repository}/blob/v{metadata['version']}"
            readme = absolute_links(readme, repository, f"v{metadata['version']}")
            metadata["urls"] = {
                "Repository": repository,
                "Documentation": f"{files}/docs/index.md",
                "Changelog": f"{files}/CHANGELOG.md",
                "Issues": f"{repository}/issues",
                "Security": f"{files}/SECURITY.md",
            }
        metadata["readme"] = {"content-type": "text/markdown", "text": readme}


def absolute_links(text: str, repository: str, tag: str) -> str:
    """Return Markdown of the README with its relative links and pictures leading to ``tag`` of ``repository``."""

    def absolute(link: re.Match[str]) -> str:
        picture, words, target = link.groups()
        path = f"README.md{target}" if target.startswith("#") else target
        return f"{picture}{words}({repository}/{'raw' if picture else 'blob'}/{tag}/{path})"

    return RELATIVE_LINK.sub(absolute, text)
