"""Text from outside, made safe to show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zec_pulumi.text import printable


@pytest.mark.parametrize(
    "text", ["web-1", "Ubuntu 22.04 → 24.04", "機器", "caf\u00e9", "::1", "a ::b:: c", "# [x]", "##"]
)
def test_readable_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[2Jb", "a\ufffd[2Jb"),
        ("a\nb\tc\u2028d", "a b c d"),
        ("\u202egnp.exe", "\ufffdgnp.exe"),
        ("a\u2066b\u2069", "a\ufffdb\ufffd"),
        ("a\ud800b", "a\ufffdb"),
        ("::add-mask::a", "\ufffd:add-mask::a"),
        ("\n ::set-env name=a::b", "  \ufffd:set-env name=a::b"),
        ("a ##[add-mask]b", "a \ufffd#[add-mask]b"),
        ("###vso[task.x]", "#\ufffd#vso[task.x]"),
    ],
)
def test_what_controls_a_terminal_or_a_pipeline_or_hides_is_replaced(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_any_text_is_one_printable_line_of_the_same_length(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert len(shown) == len(text)
    assert printable(shown) == shown
