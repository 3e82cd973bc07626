"""A volume is an EBS volume, counted in GiB. It is in one zone, the first that is offered, as are its machines."""

from __future__ import annotations

from collections.abc import Mapping

from providers.ec2 import tags
from providers.ec2.account import GIB, Account
from providers.ec2.looking import bearing, settled
from providers.ec2.wire import Call
from providers.errors import Refused
from providers.protocol import Kind, Resource, VolumeSpec


def make(call: Call, account: Account, spec: VolumeSpec, token: str, given: Mapping[str, str]) -> Resource:
    if spec.size <= 0:
        raise Refused(f"a volume of {spec.size} bytes cannot be made; ask for at least one")
    if there := bearing(call, account, Kind.VOLUME, token):
        return there[0].resource
    asked = {
        "Size": str(-(-spec.size // GIB)),
        "VolumeType": spec.type or account.options.volume_type,
        "AvailabilityZone": account.zones(call)[0],
    }
    call.ask("CreateVolume", {**asked, **tags.tagging("volume", tags.all_of(spec.name, token, given))})
    return settled(call, account, Kind.VOLUME, token, lambda id: remove(call, account, id))


def remove(call: Call, account: Account, id: str) -> None:
    """EC2 keeps what a machine has."""
    call.ask("DeleteVolume", {"VolumeId": id})
