"""Which first-boot scripts are the same: by content, however they are packed."""

from __future__ import annotations

import gzip
import zlib
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zec_pulumi.planning import user_data
from zec_pulumi.planning.inputs import parse_wanted
from zec_pulumi.planning.user_data import content_digest, same_content

SCRIPT = b"#!/bin/sh\necho hi\n"


def message(boundary: str, *texts: str, kind: str = "x-shellscript", name: str = "first.sh") -> bytes:
    whole = MIMEMultipart(boundary=boundary)
    for text in texts or ("#!/bin/sh\n",):
        part = MIMEText(text, kind)
        part.add_header("Content-Disposition", "attachment", filename=name)
        whole.attach(part)
    return whole.as_bytes()


def with_name(data: bytes, name: bytes) -> bytes:
    """Return a gzip file with a file name in its header."""
    packed = gzip.compress(data, mtime=1)
    return packed[:3] + b"\x08" + packed[4:10] + name + b"\0" + packed[10:]


ONE = message("=one=")
SAME = {
    "nothing and empty": (None, b""),
    "the very same": (SCRIPT, SCRIPT),
    "gzip of another time": (gzip.compress(SCRIPT, mtime=1), gzip.compress(SCRIPT, mtime=2)),
    "gzip of another level": (gzip.compress(SCRIPT * 99, 1, mtime=1), gzip.compress(SCRIPT * 99, 9, mtime=1)),
    "gzip with a file name": (gzip.compress(SCRIPT), with_name(SCRIPT, b"script.sh")),
    "gzip in two members": (gzip.compress(SCRIPT), gzip.compress(SCRIPT[:5]) + gzip.compress(SCRIPT[5:])),
    "another boundary": (ONE, message("=two=")),
    "headers in another order": (
        ONE,
        ONE.replace(b"MIME-Version: 1.0\n", b"", 1).replace(b"\n\n", b"\nMIME-Version: 1.0\n\n", 1),
    ),
    "header names in another case": (ONE, ONE.replace(b"Content-Type", b"content-type")),
    "another transfer encoding": (
        ONE,
        ONE.replace(b"7bit", b"base64").replace(b"#!/bin/sh\n", b"IyEvYmluL3NoCg==\n"),
    ),
    "gzip of another boundary": (gzip.compress(ONE, mtime=1), gzip.compress(message("=two="), mtime=2)),
}
DIFFERENT = {
    "another script": (SCRIPT, SCRIPT + b"#"),
    "a script and none": (SCRIPT, None),
    "line ends": (SCRIPT, SCRIPT.replace(b"\n", b"\r\n")),
    "gzip of another script": (gzip.compress(SCRIPT), gzip.compress(SCRIPT + b"#")),
    "gzip and plain": (gzip.compress(SCRIPT), SCRIPT),
    "gzip in gzip, which is unpacked once": (
        gzip.compress(gzip.compress(SCRIPT, mtime=1)),
        gzip.compress(gzip.compress(SCRIPT, mtime=2)),
    ),
    "damaged gzip": (gzip.compress(SCRIPT, mtime=1)[:-1], gzip.compress(SCRIPT, mtime=2)[:-1]),
    "gzip with a wrong checksum": (
        gzip.compress(SCRIPT, mtime=1)[:-8] + b"\0" * 8,
        gzip.compress(SCRIPT, mtime=2)[:-8] + b"\0" * 8,
    ),
    "gzip with something behind it": (gzip.compress(SCRIPT), gzip.compress(SCRIPT) + b"x"),
    "another part": (ONE, message("=one=", "#!/bin/bash\n")),
    "one part more": (ONE, message("=one=", "#!/bin/sh\n", "#!/bin/sh\n")),
    "parts in another order": (message("=one=", "a", "b"), message("=one=", "b", "a")),
    "another type": (ONE, message("=one=", kind="cloud-config")),
    "a type that is none": (ONE.replace(b"text/x-shellscript", b"text"), ONE.replace(b"text/x-shellscript", b"txt")),
    "another file name": (ONE, message("=one=", name="second.sh")),
    "two blanks in a file name": (message("=one=", name="a b"), message("=one=", name="a  b")),
    "bytes that are no text in a header": (
        ONE.replace(b"first", b"\xe9"),
        ONE.replace(b"first", b"\xe8"),
    ),
    "an encoding that nobody knows": (ONE, ONE.replace(b"7bit", b"rot13")),
    "a message without its end": (ONE.replace(b"--=one=--", b""), message("=two=").replace(b"--=two=--", b"")),
    "a header that says how to merge": (ONE, ONE.replace(b"\n\n", b"\nMerge-Type: list()\n\n", 1)),
    "MIME and its text": (ONE, b"#!/bin/sh\n"),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_the_same_content(one: bytes | None, other: bytes | None) -> None:
    """Two packings of it are no difference."""
    assert same_content(one, other)
    assert content_digest(one) == content_digest(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_another_content(one: bytes | None, other: bytes | None) -> None:
    """Whatever cannot be unpacked exactly counts as it is."""
    assert not same_content(one, other)
    assert content_digest(one) != content_digest(other)


def test_what_python_packs_anew_at_every_run_is_the_same() -> None:
    """Its defaults: the time of day, and a boundary by chance."""
    parts = [MIMEMultipart() for _ in range(2)]
    for whole in parts:
        whole.attach(MIMEApplication(b"\x00\xff"))
    assert parts[0].as_bytes() != parts[1].as_bytes()
    assert same_content(parts[0].as_bytes(), parts[1].as_bytes())


def test_a_gzip_file_that_would_fill_the_memory_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts as it is."""
    small, large = gzip.compress(bytes(100), mtime=1), gzip.compress(bytes(101), mtime=1)
    monkeypatch.setattr(user_data, "MOST_BYTES", 100)
    assert same_content(small, gzip.compress(bytes(100), mtime=2))
    assert not same_content(large, gzip.compress(bytes(101), mtime=2))
    assert not same_content(large, gzip.compress(bytes(50)) + gzip.compress(bytes(51)))


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_plain_bytes_are_the_same_only_if_they_are_equal(one: bytes, other: bytes) -> None:
    """No bytes break it."""
    assert same_content(one, other) == (one == other)


@given(st.sampled_from([ONE, gzip.compress(ONE, mtime=1), SCRIPT]), st.data())
def test_a_damaged_byte_is_never_overlooked_in_what_runs(data: bytes, draw: st.DataObject) -> None:
    """Two that count as the same hold the same bytes once they are unpacked, but for what a boundary is called."""
    place = draw.draw(st.integers(0, len(data) - 1))
    damaged = data[:place] + bytes([draw.draw(st.integers(0, 255))]) + data[place + 1 :]
    if not same_content(data, damaged) or data == damaged:
        return
    if data.startswith(b"\x1f\x8b"):
        assert zlib.decompress(damaged, wbits=31) == zlib.decompress(data, wbits=31)
    else:
        assert damaged.lower().replace(b" ", b"").count(b"#!/bin/sh") == 1


@pytest.mark.parametrize("key", ["userData", "userDataBase64"])
def test_an_empty_script_is_no_input(key: str) -> None:
    """As if the program had left it out."""
    assert parse_wanted({key: ""}).given() == parse_wanted({}).given()
    assert parse_wanted({key: ""}).first_boot_script is None


def test_what_two_programs_are_compared_by_holds_no_script() -> None:
    """Only its digest, which is the same for two packings."""
    import base64  # noqa: PLC0415 here only

    one, other = (
        parse_wanted({"userDataBase64": base64.b64encode(gzip.compress(SCRIPT, mtime=time)).decode()})
        for time in (1, 2)
    )
    assert one.given() == other.given()
    assert "echo" not in str(parse_wanted({"userData": SCRIPT.decode()}).given())
