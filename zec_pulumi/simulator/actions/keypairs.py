"""Listing SSH key pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zec_pulumi.simulator.paging import Ids, Paged, contains, page
from zec_pulumi.simulator.views import key_pair_info

if TYPE_CHECKING:
    from zec_pulumi.simulator.call import Call


class DescribeKeyPairs(Paged):
    """Parameters of DescribeKeyPairs."""

    key_ids: Ids | None = None
    key_name: str | None = None


def describe_key_pairs(call: Call, request: DescribeKeyPairs) -> dict[str, Any]:
    """List key pairs. Source: DescribeKeyPairs, ccs 2025-09-01 (in zec too at 2024-04-01)."""
    found = [
        key
        for key in call.cloud.world.key_pairs.values()
        if (not request.key_ids or key.key_id in request.key_ids) and contains(key.key_name, request.key_name)
    ]
    return page(request, found, key_pair_info)
