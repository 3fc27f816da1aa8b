"""What the operations of one process share: who declares which machine."""

from __future__ import annotations

from zec_pulumi.operations.context import DeclaredInstances
from zec_pulumi.program import urns

STACK = "urn:pulumi:dev::shop"
WEB = f"{STACK}::{urns.INSTANCE}::web"
API = f"{STACK}::{urns.INSTANCE}::api"


def test_the_second_owner_is_refused_and_both_are_named() -> None:
    """Whoever comes first: the user decides which is taken out."""
    declared = DeclaredInstances()
    assert declared.declare("1", WEB) is None
    refused = declared.declare("1", API)
    assert refused is not None
    assert "instance 1 is declared twice in this stack, by web and by api" in refused


def test_one_resource_may_be_checked_twice() -> None:
    """The engine does so in a replacement."""
    declared = DeclaredInstances()
    assert [declared.declare("1", WEB), declared.declare("1", WEB)] == [None, None]


def test_two_resources_may_exchange_their_machines() -> None:
    """What a resource had before is of no account."""
    declared = DeclaredInstances()
    assert [declared.declare("2", WEB), declared.declare("1", API)] == [None, None]


def test_resources_of_one_name_are_told_apart_by_their_urns() -> None:
    """A fleet's machine and a resource beside it may share a name."""
    declared = DeclaredInstances()
    inside = urns.member_urn(f"{STACK}::a:b:C${urns.FLEET}::site", "web")
    declared.declare("1", WEB)
    refused = declared.declare("1", inside) or ""
    assert WEB in refused
    assert f"{STACK}::a:b:C${urns.FLEET}${urns.INSTANCE}::web" in refused


def test_without_a_urn_nothing_is_refused() -> None:
    """An SDK that is built otherwise may not tell it: then two resources look like one."""
    declared = DeclaredInstances()
    assert [declared.declare("1", ""), declared.declare("1", "")] == [None, None]
