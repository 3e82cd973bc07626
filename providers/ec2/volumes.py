"""A volume is an EBS volume, counted in GiB. It is in one zone, the first that is offered, as are its machines."""

from __future__ import annotations

from collections.abc import Mapping

from providers.ec2 import tags
from providers.ec2.account import GIB, Account
from providers.ec2.looking import Seen, bearing
from providers.ec2.wire import Call
from providers.errors import Conflict, Refused
from providers.protocol import Kind, VolumeSpec


def make(call: Call, account: Account, spec: VolumeSpec, token: str, given: Mapping[str, str]) -> None:
    if spec.size <= 0:
        raise Refused(f"a volume of {spec.size} bytes cannot be made; ask for at least one")
    if bearing(call, account, Kind.VOLUME, token):
        return
    asked = {
        "Size": str(-(-spec.size // GIB)),
        "VolumeType": spec.type or account.options.volume_type,
        "AvailabilityZone": account.zones(call)[0],
    }
    call.ask("CreateVolume", {**asked, **tags.tagging("volume", tags.all_of(spec.name, token, given))})


def remove(call: Call, account: Account, seen: Seen) -> None:
    if holder := seen.resource.facts.get("machine"):
        raise Conflict(f"volume {seen.resource.id} is used by {holder}; delete that first")
    call.ask("DeleteVolume", {"VolumeId": seen.resource.id})
