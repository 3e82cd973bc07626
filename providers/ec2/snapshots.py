"""A snapshot is an image of our own, which EC2 makes of snapshots of the machine's disks: they go with it."""

from __future__ import annotations

from collections.abc import Mapping

from providers.ec2 import tags
from providers.ec2.account import Account
from providers.ec2.looking import bearing, one, settled
from providers.ec2.wire import Call
from providers.protocol import Kind, Resource, SnapshotSpec


def make(call: Call, account: Account, spec: SnapshotSpec, token: str, given: Mapping[str, str]) -> Resource:
    """A machine that runs goes on: what it has not written to its disk yet is not in the image."""
    if there := bearing(call, account, Kind.SNAPSHOT, token):
        return there[0].resource
    one(call, account, Kind.MACHINE, spec.machine)
    marked = tags.tagging("image", tags.all_of(spec.name, token, given))
    call.ask("CreateImage", {"InstanceId": spec.machine, "Name": f"accords-{token}", "NoReboot": "true", **marked})
    return settled(call, account, Kind.SNAPSHOT, token, lambda id: remove(call, account, id))


def remove(call: Call, account: Account, id: str) -> None:
    """The image first, which holds its snapshots; EC2 takes them with it where it knows to."""
    seen = one(call, account, Kind.SNAPSHOT, id)
    disks = [each.text or "" for each in seen.element.iterfind("blockDeviceMapping/item/ebs/snapshotId")]
    call.ask("DeregisterImage", {"ImageId": id, "DeleteAssociatedSnapshots": "true"})
    for disk in filter(None, disks):
        if _is_there(call, disk):
            call.ask("DeleteSnapshot", {"SnapshotId": disk})


def _is_there(call: Call, disk: str) -> bool:
    path = "snapshotSet/item/snapshotId"
    wanted = {"Filter.1.Name": "snapshot-id", "Filter.1.Value.1": disk, "Owner.1": "self"}
    return any(each.text == disk for each in call.each("DescribeSnapshots", path, wanted))
