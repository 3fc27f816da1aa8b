"""A row of the engine's display, as a test sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from zec_pulumi.errors import StopReason


class FakeRow:
    """Keeps the lines of a row with their severities.

    ``halt`` is why nothing more is wanted, None while it is; ``on_line`` is called after each line.
    """

    def __init__(self, on_line: Callable[[str], object] = lambda _: None) -> None:
        self.lines: list[str] = []
        self.severities: list[str] = []
        self.halt: StopReason | None = None
        self.on_line = on_line

    def stop_reason(self) -> StopReason | None:
        """Return why nothing more is wanted."""
        return self.halt

    def progress(self, text: str) -> None:
        """Show a line while the command runs."""
        self._show("progress", text)

    def info(self, text: str) -> None:
        """Show a line."""
        self._show("info", text)

    def warn(self, text: str) -> None:
        """Show a warning."""
        self._show("warning", text)

    def error(self, text: str) -> None:
        """Show an error; the command goes on."""
        self._show("error", text)

    def of(self, severity: str) -> list[str]:
        """Return the lines of one severity."""
        return [line for line, shown in zip(self.lines, self.severities, strict=True) if shown == severity]

    def halt_at(self, text: str, halt: StopReason) -> None:
        """Want nothing more once a line begins with ``text``."""

        def shown(line: str) -> None:
            if line.startswith(text):
                self.halt = halt

        self.on_line = shown

    def _show(self, severity: str, text: str) -> None:
        self.lines.append(text)
        self.severities.append(severity)
        self.on_line(text)
