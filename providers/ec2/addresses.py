"""An address is an elastic IP with its machine: allocated, which carries the token, and then associated."""

from __future__ import annotations

from collections.abc import Mapping

from providers.ec2 import tags
from providers.ec2.account import Account
from providers.ec2.looking import Seen, bearing, one
from providers.ec2.wire import Call
from providers.protocol import AddressSpec, Kind


def make(call: Call, account: Account, spec: AddressSpec, token: str, given: Mapping[str, str]) -> None:
    there = bearing(call, account, Kind.ADDRESS, token)
    if there and there[0].resource.facts["machine"] == spec.machine:
        return
    one(call, account, Kind.MACHINE, spec.machine)
    id = there[0].resource.id if there else _allocated(call, spec, token, given)
    call.ask("AssociateAddress", {"AllocationId": id, "InstanceId": spec.machine, "AllowReassociation": "false"})


def remove(call: Call, account: Account, seen: Seen) -> None:
    if association := seen.element.findtext("associationId"):
        call.ask("DisassociateAddress", {"AssociationId": association})
    call.ask("ReleaseAddress", {"AllocationId": seen.resource.id})


def _allocated(call: Call, spec: AddressSpec, token: str, given: Mapping[str, str]) -> str:
    marked = tags.tagging("elastic-ip", tags.all_of(spec.name, token, given))
    return call.ask("AllocateAddress", {"Domain": "vpc", **marked}).findtext("allocationId", "")
