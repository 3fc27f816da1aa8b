"""The Pulumi project around a folder, as far as it decides which Python the engine starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

FILES = ("Pulumi.yaml", "Pulumi.yml", "Pulumi.json")


@dataclass(frozen=True)
class Project:
    """A project.

    Attributes:
        file: Its ``Pulumi.yaml``.
        program: The folder the program runs in; relative paths of the options start there.
        runtime: The language, such as ``python``.
        options: Options of the runtime, as text.
        stack_files: The folder of the stacks' ``Pulumi.STACK.yaml``.
    """

    file: Path
    program: Path
    runtime: str
    options: dict[str, str]
    stack_files: Path


class ProjectError(Exception):
    """The project's file cannot be used; the text says why."""


def find_project(folder: Path) -> Project | None:
    """Return the project that ``folder`` belongs to, as the engine finds it: upwards; None when there is none.

    Raises:
        ProjectError: its file cannot be read.
    """
    for parent in (folder, *folder.parents):
        for name in FILES:
            if (parent / name).is_file():
                return _read(parent / name)
    return None


def _read(file: Path) -> Project:
    try:
        settings = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ProjectError(f"{file} cannot be read as YAML ({type(error).__name__})") from None
    if not isinstance(settings, dict):
        raise ProjectError(f"{file} holds no settings")
    runtime = settings.get("runtime")
    name, options = (runtime.get("name"), runtime.get("options")) if isinstance(runtime, dict) else (runtime, {})
    stack_files = file.parent / str(settings.get("stackConfigDir") or "")
    return Project(file, _program(file.parent, settings.get("main")), str(name), _texts(options), stack_files)


def _program(root: Path, main: object) -> Path:
    """Return where the program runs: ``main`` itself if it is a folder, else the folder it lies in."""
    if not main:
        return root
    path = root / str(main)
    return path.parent if path.is_file() else path


def _texts(options: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in options.items()} if isinstance(options, dict) else {}
