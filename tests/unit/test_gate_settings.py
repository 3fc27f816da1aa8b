"""Gate settings: what cannot be read closes the gates, whoever says it."""

from __future__ import annotations

import json

import pytest

from zec_pulumi.planning.gates import GateSettings, Missing, UnknownSetting
from zec_pulumi.settings.options import gates_from_program, resolve_gates, resolve_options, texts

TOKEN = "prod/i-1/0123456789abcdef"


@pytest.mark.parametrize("text", ['["imageId", "keyId"]', "imageId,keyId", "imageId keyId", " imageId,\n keyId "])
def test_lists_are_json_or_separated(text: str) -> None:
    """As `pulumi config set --path` writes them, or by hand."""
    assert resolve_gates({"zec:allowedCauses": text}).allowed_causes == frozenset({"imageId", "keyId"})


@pytest.mark.parametrize(
    ("key", "text", "must"),
    [
        ("zec:allowRebuild", "maybe", "must be true or false"),
        ("zec:allowRebuild", "", "must be true or false"),
        ("zec:allowRebuild", "no", "must be true or false"),
        ("zec:requireApproval", "1", "must be true or false"),
        ("zec:requireApproval", "", "must be true or false"),
        ("zec:requireApproval", " ", "must be true or false"),
        ("zec:requireApproval", "[true]", "must be true or false"),
        ("zec:requireApproval", "[secret]", "must be true or false"),
        ("zec:allowedCauses", "image", "'image', which is no cause of a rebuild"),
        ("zec:allowedCauses", "imageid", "'imageid', which is no cause of a rebuild"),
        ("zec:allowedCauses", "", "is empty"),
        ("zec:allowedCauses", "[1]", "must be a JSON list"),
        ("zec:allowedCauses", "[", "must be a JSON list"),
        ("zec:allowedCauses", "[" * 100_000, "must be a JSON list"),
        ("zec:approvedRebuilds", "yes", "'yes', which is not an approval token"),
        ("zec:approvedRebuilds", f"{TOKEN[:-1]}", "which is not an approval token"),
        ("zec:approvedRebuilds", '{"a": 1}', "which is not an approval token"),
    ],
)
def test_a_wrong_value_is_named_and_closes_the_gates(key: str, text: str, must: str) -> None:
    """Never guessed: a wrong gate must not stand open, and a preview goes on to the other rows."""
    (wrong,) = resolve_options({key: text}).gates.wrong
    assert wrong.key == key
    assert must in wrong.must


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("zec:requireApprovals", "zec:requireApproval"),
        ("zec:allowrebuild", "zec:allowRebuild"),
        ("zec:allowed_causes", "zec:allowedCauses"),
        ("zec:approved-rebuilds", "zec:approvedRebuilds"),
        ("Zec:requireApproval", "zec:requireApproval"),
        ("zec:PollInterval", "zec:pollInterval"),
        ("zec:mood", None),
        ("zec:", None),
    ],
)
def test_a_misspelt_key_is_named_with_what_was_meant(key: str, meant: str | None) -> None:
    """A gate that somebody believes to be closed."""
    assert resolve_gates({key: "true"}).unknown == (UnknownSetting(key, meant),)


def test_known_keys_and_those_of_others_are_not_unknown() -> None:
    """`zec:token` is a credential; a project's own settings are its own."""
    settings = {"zec:token": "t", "zec:pollInterval": "5", "shop:requireApprovals": "true", "zecx:a": "b"}
    assert resolve_gates(settings) == GateSettings()


@pytest.mark.parametrize("text", ["", " ", "[]"])
def test_no_approved_rebuild_approves_nothing(text: str) -> None:
    """Pipelines set an empty list where nothing was approved."""
    assert resolve_gates({"zec:approvedRebuilds": text}) == GateSettings()


def test_a_masked_token_is_no_json() -> None:
    """The engine shows `[secret]` in place of a secret, which begins like a list."""
    masked = "[secret]/i-1/0123456789abcdef"
    assert resolve_gates({"zec:approvedRebuilds": f"{masked},{TOKEN}"}).approved_rebuilds == {masked, TOKEN}


def test_the_program_sends_the_stacks_settings() -> None:
    """As JSON by full key."""
    sent = json.dumps({"zec:allowRebuild": "false", "zec:requireApproval": "true"})
    assert gates_from_program(sent) == GateSettings(allow_rebuild=False, require_approval=True)


@pytest.mark.parametrize(
    ("sent", "missing"),
    [
        (None, Missing.NOT_SENT),
        ("", Missing.UNREADABLE),
        ("{", Missing.UNREADABLE),
        ("null", Missing.UNREADABLE),
        ('["zec:allowRebuild"]', Missing.UNREADABLE),
        ("[" * 100_000, Missing.UNREADABLE),
    ],
)
def test_settings_that_do_not_arrive_close_the_gates(sent: str | None, missing: Missing) -> None:
    """An older program, a transform that drops what it does not know, a value of another kind."""
    assert gates_from_program(sent).missing is missing


@pytest.mark.parametrize(("value", "allowed"), [(True, True), (False, False), (None, True), (object(), True)])
def test_values_of_other_types_are_read_as_json(value: object, *, allowed: bool) -> None:
    """A provider's own configuration may hold flags; what is no JSON is a wrong value."""
    gates = resolve_gates(texts({"zec:allowRebuild": value}))
    assert gates.allow_rebuild is allowed
    assert bool(gates.wrong) == (value not in (True, False))
