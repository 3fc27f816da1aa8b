"""The README's picture of the wipe warning: it says what a terminal says today."""

from __future__ import annotations

import pytest

import picture


@pytest.mark.engine
@pytest.mark.slow
def test_the_picture_says_what_a_preview_in_a_terminal_says() -> None:
    """Letter by letter; where the colours or the font are others, nobody reads something wrong."""
    drawn = picture.letters(picture.PICTURE.read_text("utf-8"))
    assert drawn == picture.letters(picture.record()), "run `make picture`"
    assert "willbewiped:" in drawn


def test_the_picture_loads_nothing_from_elsewhere() -> None:
    """Neither fonts nor styles: pages that show it do not let it."""
    text = picture.PICTURE.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert "://" not in text
    assert "@import" not in text


def test_the_last_frame_is_what_was_drawn_last() -> None:
    """The engine goes up and draws its lines again, shorter ones too."""
    first = "one\x1b[K\r\r\n\x1b[1mtwo\x1b[0m, long\x1b[K\r\r\n"
    again = "\r\x1b[2Aone!\x1b[K\r\r\n\x1b[1mtwo\x1b[0m\x1b[K\r\r\nend\r\n"
    assert picture.last_frame(first + again) == ["one!", "\x1b[1mtwo\x1b[0m", "end", ""]
