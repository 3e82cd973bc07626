"""one.secgroup.* and one.secgrouppool.*: security groups. What changes in one reaches its machines a while later."""

from __future__ import annotations

from tests.stands.opennebula import rendering
from tests.stands.opennebula.cloud import Cloud, mine
from tests.stands.opennebula.errors import Code, Refusal, taken, unallocated
from tests.stands.opennebula.pairs import Pairs, every, first, merged, read, without
from tests.stands.opennebula.pools import chosen
from tests.stands.opennebula.records import Group, User

PROTOCOLS = frozenset({"TCP", "UDP", "ICMP", "ICMPV6", "IPSEC", "ALL"})
WAYS = frozenset({"INBOUND", "OUTBOUND"})
WHAT = "security group"


def allocate(cloud: Cloud, user: User, template: str) -> int:
    wanted = read(template)
    name = first(wanted, "NAME")
    if not name:
        raise unallocated(WHAT, "NAME cannot be empty.")
    for other in cloud.groups.values():
        if other.name == name and other.uid == user.id:
            raise taken(WHAT, "SECGROUP", other.id)
    _checked(wanted)
    group = Group(cloud.next_id("group"), user.id, name, without(wanted, "NAME"))
    cloud.groups[group.id] = group
    return group.id


def info(cloud: Cloud, user: User, id: int, decrypt: bool = False) -> str:
    group = _found(cloud, user, id)
    return rendering.group(group, cloud.users[group.uid])


def update(cloud: Cloud, user: User, id: int, template: str, append: int = 0) -> int:
    """Merged (1), RULEs replace all RULEs. Its machines have the old rules (OUTDATED_VMS) until they are updated."""
    group, wanted = _found(cloud, user, id), read(template)
    _checked(wanted)
    group.attributes = merged(group.attributes, wanted) if append else wanted
    return _spread(cloud, group)


def commit(cloud: Cloud, user: User, id: int, recovery: bool) -> int:
    """Spread the rules to its machines once more."""
    return _spread(cloud, _found(cloud, user, id))


def delete(cloud: Cloud, user: User, id: int) -> int:
    group = _found(cloud, user, id)
    if id == 0:
        raise Refusal(Code.ACTION, "The default security group (ID 0) cannot be deleted.")
    if group.machines:
        raise Refusal(Code.ACTION, "The security group is in use by VMs and cannot be deleted.")
    del cloud.groups[id]
    return id


def pool(cloud: Cloud, user: User, who: int, start: int, end: int) -> str:
    listed = chosen(cloud.groups, user, (who, start, end))
    return rendering.pool("SECURITY_GROUP_POOL", [rendering.group(each, cloud.users[each.uid]) for each in listed])


def _found(cloud: Cloud, user: User, id: int) -> Group:
    group = cloud.groups.get(id)
    mine(group, user, WHAT, id)
    assert group is not None
    return group


def _spread(cloud: Cloud, group: Group) -> int:
    """The machines show the new rules at once, and are outdated for a step."""
    group.outdated, group.changes = set(group.machines), cloud.clock() + cloud.pace.step
    named: Pairs = [("SECURITY_GROUP_ID", str(group.id)), ("SECURITY_GROUP_NAME", group.name)]
    rules: Pairs = [("SECURITY_GROUP_RULE", [*rule, *named]) for rule in every(group.attributes, "RULE")]
    for id in group.machines:
        machine = cloud.machines[id]
        kept = [pair for pair in machine.attributes if not _rule_of(group, pair)]
        machine.attributes = kept + rules
    return group.id


def _rule_of(group: Group, pair: tuple[str, object]) -> bool:
    return pair[0] == "SECURITY_GROUP_RULE" and first(pair[1], "SECURITY_GROUP_ID") == str(group.id)  # type: ignore[arg-type]  # a vector


def _checked(wanted: Pairs) -> None:
    for rule in every(wanted, "RULE"):
        protocol, way = first(rule, "PROTOCOL").upper(), first(rule, "RULE_TYPE").upper()
        if protocol not in PROTOCOLS or way not in WAYS:
            raise unallocated(WHAT, f"Wrong PROTOCOL {protocol!r} or RULE_TYPE {way!r}.")
        if first(rule, "RANGE") and protocol not in ("TCP", "UDP"):
            raise unallocated(WHAT, f"RANGE is not supported for PROTOCOL {protocol}.")
