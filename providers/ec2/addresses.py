"""An address is an elastic IP with its machine: allocated, which carries the token, and then associated."""

from __future__ import annotations

from collections.abc import Mapping

from providers.ec2 import tags
from providers.ec2.account import Account
from providers.ec2.looking import bearing, one, settled
from providers.ec2.wire import Call
from providers.protocol import AddressSpec, Kind, Resource


def make(call: Call, account: Account, spec: AddressSpec, token: str, given: Mapping[str, str]) -> Resource:
    there = bearing(call, account, Kind.ADDRESS, token)
    if there and there[0].resource.facts["machine"] == spec.machine:
        return there[0].resource
    one(call, account, Kind.MACHINE, spec.machine)
    id = there[0].resource.id if there else _allocated(call, spec, token, given)
    call.ask("AssociateAddress", {"AllocationId": id, "InstanceId": spec.machine, "AllowReassociation": "false"})
    return settled(call, account, Kind.ADDRESS, token, lambda id: remove(call, account, id))


def remove(call: Call, account: Account, id: str) -> None:
    """Taken from its machine first: how that is called is looked for."""
    if association := one(call, account, Kind.ADDRESS, id).element.findtext("associationId"):
        call.ask("DisassociateAddress", {"AssociationId": association})
    call.ask("ReleaseAddress", {"AllocationId": id})


def _allocated(call: Call, spec: AddressSpec, token: str, given: Mapping[str, str]) -> str:
    marked = tags.tagging("elastic-ip", tags.all_of(spec.name, token, given))
    return call.ask("AllocateAddress", {"Domain": "vpc", **marked}).findtext("allocationId", "")
