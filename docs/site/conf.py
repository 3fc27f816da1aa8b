"""Sphinx makes the documentation site of this: ``make docs``. The pages are the Markdown files of the repository."""

from __future__ import annotations

from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).parent

project = "zec_pulumi"
release = version = version_of("zec_pulumi")
copyright = "the authors of zec_pulumi"  # noqa: A001 the name that Sphinx wants

# The source is the root of the repository, so that links between README, docs and examples are as they stand.
root_doc = "docs/index"
include_patterns = ["docs/*.md", "examples/README.md", "examples/*/README.md", "*.md"]
exclude_patterns = ["docs/site"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "sphinxcontrib.mermaid"]
nitpicky = True

myst_heading_anchors = 6  # as GitHub makes them
myst_fence_as_directive = ["mermaid"]
myst_links_external_new_tab = False

autodoc_default_options = {"members": True, "exclude-members": "translate_input_property, translate_output_property"}
autodoc_member_order = "groupwise"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_use_ivar = True
python_use_unqualified_type_names = True
# Other projects' pages are elsewhere, and nothing is fetched: their types are not linked.
nitpick_ignore_regex = [("py:.*", r".*")]

html_theme = "furo"
html_title = f"zec_pulumi {version}"
html_extra_path = ["root"]
html_static_path = ["static", str(HERE.parents[1] / ".cache" / "mermaid")]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False

mermaid_use_local = "mermaid.esm.min.mjs"
mermaid_fullscreen = True
mermaid_fullscreen_button = "full screen"
mermaid_height = "auto"
mermaid_init_config = {
    "startOnLoad": False,
    "deterministicIds": True,
    "flowchart": {"nodeSpacing": 25, "rankSpacing": 35, "wrappingWidth": 300},
    "sequence": {"mirrorActors": False},
}

copybutton_prompt_text = r"\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True
copybutton_remove_prompts = True


def setup(app: Sphinx) -> None:
    """Have attributes documented as they are written."""
    app.connect("autodoc-process-docstring", keep_words_before_a_colon, priority=100)


def keep_words_before_a_colon(_: Sphinx, what: str, *rest: Any) -> None:
    """Put a line first that shows nothing: napoleon takes what stands before a colon in the first one for the type."""
    if what in {"attribute", "property"}:
        rest[-1].insert(0, "\\ ")
