"""How each kind is asked for and read: what is seen, whoever made it how. Reading is pure; `look` asks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

from providers import devices
from providers.ec2 import tags
from providers.ec2.account import GIB, Account
from providers.ec2.wire import PAGE, Call, filters
from providers.errors import Ambiguous, NotFound
from providers.protocol import Kind, Resource, State

Facts = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Form:
    """One kind: the action that lists it and where its items are, the element and the filter that are its id, what such
    an id looks like, its pages, and how state, facts and addresses are read. `params` go with every question."""

    action: str
    path: str
    element: str
    filter: str
    id: re.Pattern[str]
    state: Callable[[etree._Element, Mapping[str, str]], State | None]
    facts: Callable[[etree._Element], Facts]
    addresses: Callable[[etree._Element], tuple[str, ...]] = lambda _: ()
    page: str | None = PAGE
    params: Mapping[str, str] = field(default_factory=dict)


MACHINE_STATES = {
    "pending": State.PENDING,
    "running": State.ACTIVE,
    "stopping": State.PENDING,
    "stopped": State.STOPPED,
    "shutting-down": State.PENDING,
}
VOLUME_STATES = {
    "creating": State.PENDING,
    "deleting": State.PENDING,
    "available": State.ACTIVE,
    "in-use": State.ACTIVE,
}
IMAGE_STATES = {"pending": State.PENDING, "available": State.ACTIVE}


def _network_state(found: etree._Element, marks: Mapping[str, str]) -> State:
    """Without its parts it is broken: whoever made it was ended in the middle, and another attempt makes it anew. One
    that has lost our token has lost the mark with it: it says nothing then."""
    if found.findtext("state") != "available":
        return State.PENDING
    return State.ACTIVE if tags.WHOLE in marks or tags.TOKEN not in marks else State.ERROR


def _network_facts(found: etree._Element) -> Facts:
    ranges = [each.findtext("cidrBlock", "") for each in found.iterfind("cidrBlockAssociationSet/item")]
    first = found.findtext("cidrBlock", "")
    others = ",".join(each for each in ranges if each != first)
    return {"cidr": first, **({"subnets": others} if others else {})}


def _firewall_state(found: etree._Element, marks: Mapping[str, str]) -> State | None:
    """Rules come all in one request, so a group has all or none. What is part of a network is no firewall."""
    if tags.PART in marks:
        return None
    has = found.find("ipPermissions/item") is not None
    return State.ACTIVE if has or marks.get(tags.RULES, "0") == "0" else State.ERROR


def _machine_state(found: etree._Element, marks: Mapping[str, str]) -> State | None:
    """PENDING until it has the volumes it is to have; None when it is gone."""
    word = found.findtext("instanceState/name", "")
    if word == "terminated":
        return None
    state = MACHINE_STATES.get(word, State.ERROR)
    return State.PENDING if state is State.ACTIVE and missing(found, marks) else state


def missing(found: etree._Element, marks: Mapping[str, str]) -> list[tuple[str, str]]:
    """(volume, device) of what a machine is to have and has not."""
    has = {each.text for each in found.iterfind("blockDeviceMapping/item/ebs/volumeId")}
    wanted = marks.get(tags.VOLUMES, "").split()
    return [(id, device(number)) for number, id in enumerate(wanted) if id not in has]


def device(number: int) -> str:
    """What the cloud calls a machine's nth further disk; the machine may call it otherwise."""
    return f"/dev/sd{chr(ord('f') + number)}"


def _machine_facts(found: etree._Element) -> Facts:
    elements = {
        "size": "instanceType",
        "image": "imageId",
        "zone": "placement/availabilityZone",
        "network": "vpcId",
        "key": "keyName",
        "mac": "networkInterfaceSet/item/macAddress",
        "error": "stateReason/message",
    }
    facts: Facts = {fact: value for fact, path in elements.items() if (value := found.findtext(path))}
    return facts | devices.told(_devices(found))


def _devices(found: etree._Element) -> Mapping[str, Sequence[str]]:
    """Where disks are NVMe an EBS volume's serial number is its id without the dash; under Xen its device is called as
    it was asked for, or `xvd` for `sd`. The disk that the machine started from goes with it, and is none of these."""
    shown: dict[str, tuple[str, ...]] = {}
    for each in found.iterfind("blockDeviceMapping/item"):
        name, id = each.findtext("deviceName", "").removeprefix("/dev/"), each.findtext("ebs/volumeId", "")
        if id and each.findtext("deviceName") != found.findtext("rootDeviceName"):
            nvme = f"disk/by-id/nvme-Amazon_Elastic_Block_Store_{id.replace('-', '')}"
            shown[id] = (nvme, f"xvd{name.removeprefix('sd')}", name)
    return shown


def _machine_addresses(found: etree._Element) -> tuple[str, ...]:
    """The private one first: its siblings reach it there."""
    return tuple(each for each in (found.findtext("privateIpAddress"), found.findtext("ipAddress")) if each)


def _volume_facts(found: etree._Element) -> Facts:
    facts: Facts = {"size": int(found.findtext("size") or 0) * GIB, "zone": found.findtext("availabilityZone", "")}
    holder = found.find("attachmentSet/item")
    if holder is not None:
        facts |= {"machine": holder.findtext("instanceId", ""), "device": holder.findtext("device", "")}
    return facts


def _address_state(found: etree._Element, marks: Mapping[str, str]) -> State:
    return State.ACTIVE if found.findtext("instanceId") else State.ERROR


def _active(found: etree._Element, marks: Mapping[str, str]) -> State:
    return State.ACTIVE


def _id(prefix: str) -> re.Pattern[str]:
    return re.compile(rf"{prefix}-[0-9a-f]+")


FORMS: Mapping[Kind, Form] = {
    Kind.NETWORK: Form(
        "DescribeVpcs", "vpcSet/item", "vpcId", "vpc-id", _id("(vpc|igw)"), _network_state, _network_facts
    ),
    Kind.FIREWALL: Form(
        "DescribeSecurityGroups",
        "securityGroupInfo/item",
        "groupId",
        "group-id",
        _id("sg"),
        _firewall_state,
        lambda found: {"network": found.findtext("vpcId", "")},
    ),
    Kind.VOLUME: Form(
        "DescribeVolumes",
        "volumeSet/item",
        "volumeId",
        "volume-id",
        _id("vol"),
        lambda found, _: VOLUME_STATES.get(found.findtext("status", ""), State.ERROR),
        _volume_facts,
    ),
    Kind.KEY: Form(
        "DescribeKeyPairs",
        "keySet/item",
        "keyName",
        "key-name",
        re.compile(r"accords-[A-Za-z0-9-]+"),
        _active,
        lambda found: {"fingerprint": found.findtext("keyFingerprint", "")},
        page=None,
    ),
    Kind.MACHINE: Form(
        "DescribeInstances",
        "reservationSet/item/instancesSet/item",
        "instanceId",
        "instance-id",
        _id("i"),
        _machine_state,
        _machine_facts,
        _machine_addresses,
    ),
    Kind.ADDRESS: Form(
        "DescribeAddresses",
        "addressesSet/item",
        "allocationId",
        "allocation-id",
        _id("eipalloc"),
        _address_state,
        lambda found: {"machine": found.findtext("instanceId", "")},
        lambda found: (found.findtext("publicIp", ""),),
        page=None,
    ),
    Kind.SNAPSHOT: Form(
        "DescribeImages",
        "imagesSet/item",
        "imageId",
        "image-id",
        _id("ami"),
        lambda found, _: IMAGE_STATES.get(found.findtext("imageState", ""), State.ERROR),
        lambda found: {"image": found.findtext("name", "")},
        params={"Owner.1": "self"},
    ),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A thing as it was read, with its marks and the element for what is read seldom."""

    resource: Resource
    marks: Mapping[str, str]
    element: etree._Element


def read(kind: Kind, found: etree._Element) -> Seen | None:
    """None for what is gone, or is no thing of its own."""
    form, marks = FORMS[kind], tags.read(found)
    state = form.state(found, marks)
    if state is None:
        return None
    id = found.findtext(form.element, "")
    name, token = marks.get(tags.NAME, id), marks.get(tags.TOKEN, "")
    facts, addresses = form.facts(found), form.addresses(found)
    return Seen(Resource(kind, id, name, state, token, tags.told(marks), addresses, facts), marks, found)


def look(call: Call, account: Account, kind: Kind, wanted: Mapping[str, str | Sequence[str]]) -> list[Seen]:
    """What passes these filters, in the order of their ids."""
    found = [seen for each in shown(call, account, kind, wanted) if (seen := read(kind, each)) is not None]
    return sorted(found, key=lambda each: each.resource.id)


def shown(call: Call, account: Account, kind: Kind, wanted: Mapping[str, str | Sequence[str]]) -> list[etree._Element]:
    """What passes these filters as EC2 shows it, with what has ended. That there is nothing is proven first."""
    form = FORMS[kind]
    items = list(call.each(form.action, form.path, {**form.params, **filters(wanted)}, form.page))
    account.proven() if items else account.prove(call)
    return items


def bearing(call: Call, account: Account, kind: Kind, token: str) -> list[Seen]:
    """What carries this token, the first is the one that stays."""
    found = look(call, account, kind, {f"tag:{tags.TOKEN}": token})
    return [each for each in found if each.resource.token == token]


def one(call: Call, account: Account, kind: Kind, id: str) -> Seen:
    """The thing with this id; NotFound. Ambiguous of what was made here a moment ago and is not shown yet."""
    form = FORMS.get(kind)
    items = shown(call, account, kind, {form.filter: id}) if form and form.id.fullmatch(id) else []
    for each in items:
        seen = read(kind, each)
        if seen is not None and seen.resource.id == id:
            return seen
    if not items and account.is_new(id):
        raise Ambiguous(f"the new {kind} {id} is not shown yet; look again")
    raise NotFound(f"there is no {kind} {id!r} in {account.options.region}")


def told(call: Call, account: Account, kind: Kind, token: str, made: etree._Element) -> Resource:
    """A thing as the answer to making it says, which EC2 may not show yet to who looks; looked at where the answer does
    not say its token."""
    account.new(id := made.findtext(FORMS[kind].element, ""))
    seen = read(kind, made)
    return seen.resource if seen and seen.resource.token == token else one(call, account, kind, id).resource


def settled(call: Call, account: Account, kind: Kind, token: str, remove: Callable[[str], None]) -> Resource:
    """What is there with a token that EC2 does not know of. Where another process made one at the same time, the first
    by id stays, for both of them."""
    found = bearing(call, account, kind, token)
    if not found:  # EC2 shows what it made after a while only
        raise Ambiguous(f"what was made with the token {token} is not shown yet; look again")
    for other in found[1:]:
        remove(other.resource.id)
    return found[0].resource
