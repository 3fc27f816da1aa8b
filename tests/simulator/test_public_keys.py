"""What ImportKeyPair takes for a public key."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from zec_pulumi.simulator.public_keys import is_public_key

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


@pytest.mark.parametrize("comment", ["", " me @ home\n"])
@pytest.mark.parametrize(
    "private",
    [
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP521R1()),
    ],
    ids=lambda key: type(key).__name__,
)
def test_a_key_of_every_type_is_one(
    private: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, comment: str
) -> None:
    """With a comment or without; its private half is none."""
    public = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    secret = private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()

    assert is_public_key(public + comment)
    assert not is_public_key(secret)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        ED25519[:-4],
        ED25519.replace("ssh-ed25519", "ssh-rsa"),
        ED25519.replace("ssh-ed25519", "ssh-nothing"),
        f"{ED25519}\nx",
        "\n".join([ED25519] * 6),
        "ssh-ed25519 " + base64.b64encode(b"\xff\xff\xff\xff").decode(),
        "ssh-ed25519 é",
    ],
)
def test_what_is_no_key_is_none(text: str) -> None:
    """Cut short, of another type than it says, or too many."""
    assert not is_public_key(text)


def test_a_key_pair_can_have_five_keys() -> None:
    """One a line."""
    assert is_public_key("\n".join([ED25519] * 5))
