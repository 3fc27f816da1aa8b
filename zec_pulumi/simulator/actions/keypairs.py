"""Listing, importing, describing and deleting SSH key pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from zec_pulumi.simulator.action_call import ActionParameters
from zec_pulumi.simulator.clock import timestamp
from zec_pulumi.simulator.envelope import RefusedError
from zec_pulumi.simulator.models import KeyPair
from zec_pulumi.simulator.paging import Ids, Paged, SomeIds, contains, page
from zec_pulumi.simulator.public_keys import is_public_key
from zec_pulumi.simulator.views import key_pair_info

if TYPE_CHECKING:
    from zec_pulumi.simulator.action_call import ActionCall


class DescribeKeyPairs(Paged):
    """Parameters of DescribeKeyPairs."""

    key_ids: Ids | None = None
    key_name: str | None = None


class ImportKeyPair(ActionParameters):
    """Parameters of ImportKeyPair."""

    key_name: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,32}$")]
    public_key: Annotated[str, Field(min_length=1)]
    key_description: str = ""


class ModifyKeyPairAttribute(ActionParameters):
    """Parameters of ModifyKeyPairAttribute."""

    key_id: str
    key_description: str | None = None


class DeleteKeyPairs(ActionParameters):
    """Parameters of DeleteKeyPairs."""

    key_ids: SomeIds


def describe_key_pairs(call: ActionCall, request: DescribeKeyPairs) -> dict[str, Any]:
    """List key pairs. Source: DescribeKeyPairs, ccs 2025-09-01 (in zec too at 2024-04-01)."""
    found = [
        key
        for key in call.cloud.world.key_pairs.values()
        if (not request.key_ids or key.key_id in request.key_ids) and contains(key.key_name, request.key_name)
    ]
    return page(request, found, key_pair_info)


def import_key_pair(call: ActionCall, request: ImportKeyPair) -> dict[str, Any]:
    """Add a key pair. The codes are this simulator's choice. Source: ImportKeyPair, ccs 2025-09-01."""
    world = call.cloud.world
    if any(key.key_name == request.key_name for key in world.key_pairs.values()):
        raise RefusedError(400, "INVALID_KEY_PAIR_NAME_EXISTS", f"There is a key pair {request.key_name}.")
    if not is_public_key(request.public_key):
        raise RefusedError(400, "INVALID_PARAMETER_VALUE", "publicKey is not one to five OpenSSH public keys.")
    key_pair = KeyPair(
        key_id=f"key-{world.next_number():08d}",
        key_name=request.key_name,
        public_key=request.public_key,
        key_description=request.key_description,
        create_time=timestamp(call.now),
    )
    world.key_pairs[key_pair.key_id] = key_pair
    call.record(None)
    return {"keyId": key_pair.key_id}


def modify_key_pair_attribute(call: ActionCall, request: ModifyKeyPairAttribute) -> dict[str, Any]:
    """Describe a key pair anew. Source: ModifyKeyPairAttribute, ccs 2025-09-01."""
    key_pair = _found(call, request.key_id)
    if request.key_description is not None:
        call.cloud.world.key_pairs[key_pair.key_id] = key_pair.model_copy(
            update={"key_description": request.key_description}
        )
    call.record(None)
    return {}


def delete_key_pairs(call: ActionCall, request: DeleteKeyPairs) -> dict[str, Any]:
    """Delete key pairs, all or none; instances keep theirs. Source: DeleteKeyPairs, ccs 2025-09-01."""
    world = call.cloud.world
    for key_pair in [_found(call, key_id) for key_id in dict.fromkeys(request.key_ids)]:
        del world.key_pairs[key_pair.key_id]
        world.deleted_keys.add(key_pair.key_id)
    call.record(None)
    return {}


def _found(call: ActionCall, key_id: str) -> KeyPair:
    key_pair = call.cloud.world.key_pairs.get(key_id)
    if key_pair is None:
        raise RefusedError(404, "INVALID_KEY_PAIR_NOT_FOUND", f"Key pair {key_id} not found.")
    return key_pair
