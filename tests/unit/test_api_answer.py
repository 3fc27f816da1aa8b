"""JSON of the cloud: strict, bounded, and every text in it clean."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zec_pulumi.api.answer import MAX_DEPTH, MAX_TEXT, clean, id_or_nothing, json_object
from zec_pulumi.planning.status import STABLE


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b'{"a": 1} {}',
        b'{"a": 1',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1, "a": 1}',
        b'{"b": [{"a": 1, "\\u0061": 2}]}',
        b'{"a": "\xff"}',
        '{"a": 1}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-32"),
        b'{"a": ' + b"9" * 100_000 + b"}",
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"a": ' + b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1) + b"}",
    ],
)
def test_what_is_no_strict_json_object_is_none_at_all(body: bytes) -> None:
    assert json_object(body) == {}


def test_a_byte_order_mark_is_harmless() -> None:
    assert json_object(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_texts_are_clean_at_every_depth() -> None:
    body = {"a": "x\x1b\r\n\u202e", "b": [{"c": ["\ud800", "n" * 1000]}], "d": [1, None, True]}

    assert json_object(json.dumps(body).encode()) == {
        "a": "x\ufffd  \ufffd",
        "b": [{"c": ["\ufffd", "n" * MAX_TEXT + "..."]}],
        "d": [1, None, True],
    }


def test_a_secret_is_masked_wherever_it_is_repeated_and_before_a_text_is_cut() -> None:
    body = {"a": "my s3cret!", "b": ["x" * (MAX_TEXT - 3) + "s3cret!"]}

    assert json_object(json.dumps(body).encode(), ("s3cret!", "x")) == {
        "a": "my ***",
        "b": ["x" * (MAX_TEXT - 3) + "***"],
    }


@given(st.text(st.characters()) | st.sampled_from(sorted(STABLE)).flatmap(lambda known: st.just(f"{known}\n")))
def test_a_text_that_is_changed_is_neither_an_id_nor_a_known_status(text: str) -> None:
    """What is compared is compared as it came."""
    shown = clean(text)

    assert shown.isprintable()
    assert shown == text or (shown not in STABLE and not id_or_nothing(shown))


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_an_object_or_none(data: bytes) -> None:
    assert isinstance(json_object(data), dict)


@pytest.mark.parametrize("value", [None, 5, True, [], {}, "", "two words", "x" * 129, "\u0131d", "T\n"])
def test_what_has_not_the_form_of_an_id_is_none(value: Any) -> None:
    assert id_or_nothing("T75B5226C-F4BD") == "T75B5226C-F4BD"
    assert id_or_nothing(value) == ""
