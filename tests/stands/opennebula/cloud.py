"""The stand-in's cloud: its pools, its clock, its scheduler and its accounts. The methods of the API change it, under
its lock; whoever asks first lets it pass on (`advance`), so that it needs no thread of its own."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from tests.stands.opennebula.errors import UNAUTHENTICATED, Code, Refusal, missing, over
from tests.stands.opennebula.pairs import Pairs, every, first, without
from tests.stands.opennebula.records import (
    Group,
    Host,
    Image,
    Lease,
    Machine,
    Network,
    Owned,
    Range,
    Template,
    User,
)
from tests.stands.opennebula.rendering import mac
from tests.stands.opennebula.states import (
    CLONING,
    DEPLOY,
    DONE,
    FAIL,
    PENDING,
    ImageState,
    ImageType,
    NetworkState,
    Place,
    State,
)

NOWHERE = (
    "Cannot dispatch VM to any Host. Possible reasons: Not enough capacity in Host or System DS, dispatch limit "
    "reached, or limit of free leases reached."
)
KEPT = frozenset({State.ACTIVE, State.POWEROFF, State.SUSPENDED})
"""In these states a machine keeps its place on a host: one that is switched off, too."""
IMAGES, SYSTEM = 1, 0
"""The datastores, by id."""


@dataclass(slots=True)
class Pace:
    """Seconds of one step of a machine, of an image that is being made or saved, of a network that is being made or
    deleted."""

    step: float = 0.02
    image: float = 0.02
    network: float = 0.0


@dataclass(slots=True)
class Cloud:
    """All of it. `storage` is the size of the image datastore in MB; `failing`: how many of the next machines do not
    boot."""

    pace: Pace = field(default_factory=Pace)
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    storage: int = 1024 * 1024
    lock: threading.RLock = field(default_factory=threading.RLock)
    users: dict[int, User] = field(default_factory=dict)
    hosts: list[Host] = field(default_factory=list)
    machines: dict[int, Machine] = field(default_factory=dict)
    images: dict[int, Image] = field(default_factory=dict)
    networks: dict[int, Network] = field(default_factory=dict)
    groups: dict[int, Group] = field(default_factory=dict)
    templates: dict[int, Template] = field(default_factory=dict)
    failing: int = 0
    given: dict[str, int] = field(default_factory=dict)

    def next_id(self, kind: str) -> int:
        """Ids rise, each pool its own, and none is given twice."""
        self.given[kind] = self.given.get(kind, -1) + 1
        return self.given[kind]

    def stamp(self) -> int:
        return int(self.wall())

    def user(self, session: str) -> User:
        """Whose session `name:secret` this is; the secret is the password or a token that has not ended."""
        name, _, secret = session.partition(":")
        for user in self.users.values():
            if user.name == name and (secret == user.password or user.tokens.get(secret, 0.0) > self.wall()):
                return user
        raise Refusal(Code.AUTHENTICATION, UNAUTHENTICATED)

    def token(self, user: User, seconds: float) -> str:
        """A new login token of that user."""
        made = secrets.token_hex(20)
        user.tokens[made] = self.wall() + seconds
        return made

    def advance(self) -> None:
        """Let everything come to where it is now."""
        now = self.clock()
        for image in self.images.values():
            if image.state is ImageState.LOCKED and image.ready <= now:
                settle(image)
        for network in list(self.networks.values()):
            self._pass_network(network, now)
        for group in self.groups.values():
            if group.outdated and group.changes <= now:
                group.outdated.clear()
        for machine in self.machines.values():
            self._pass(machine, now)

    def enter(self, machine: Machine, path: tuple[Place, ...]) -> None:
        """The machine starts on that path, now."""
        machine.passes(path, self.clock(), self.pace.step)
        if path[0] == DONE:
            self._release(machine)

    def usage(self, host: Host) -> tuple[int, int]:
        """Hundredths of cores and KB that its machines have."""
        here = [each for each in self.machines.values() if each.host == host.id and each.place.state in KEPT]
        return sum(hundredths(each.attributes) for each in here), sum(kilobytes(each.attributes) for each in here)

    def counted(self, user: User) -> dict[str, int]:
        """What of VM_QUOTA the user's machines take; in its own words and units (CPU whole, MEMORY in MB)."""
        own = [each for each in self.machines.values() if each.uid == user.id and each.place != DONE]
        running = [each for each in own if each.place.state in (State.ACTIVE, State.PENDING, State.HOLD, State.CLONING)]
        found = {}
        for prefix, those in (("", own), ("RUNNING_", running)):
            found[f"{prefix}CPU"] = sum(hundredths(each.attributes) for each in those) // 100
            found[f"{prefix}MEMORY"] = sum(kilobytes(each.attributes) for each in those) // 1024
            found[f"{prefix}VMS"] = len(those)
        return {**found, "SYSTEM_DISK_SIZE": 0}

    def stored(self, user: User) -> dict[str, int]:
        """What of DATASTORE_QUOTA the user's images take."""
        own = [each for each in self.images.values() if each.uid == user.id]
        return {"IMAGES": len(own), "SIZE": sum(each.size for each in own)}

    def hold_to(self, user: User, used: dict[str, int], more: dict[str, int], quota: str) -> None:
        """Refused when that much more is over one of the user's limits. oneadmin has none."""
        for metric, count in more.items():
            limit = user.limits.get(metric)
            if limit is not None and not user.admin and used.get(metric, 0) + count > limit:
                raise over(user.id, limit, metric, quota)

    def detach(self, machine: Machine, disk: Pairs) -> None:
        """The disk's image is used by one machine less."""
        image = self.images.get(int(first(disk, "IMAGE_ID", "-1")))
        if image is not None:
            image.machines.discard(machine.id)
            settle(image)

    def give_back(self, nic: Pairs) -> None:
        """The NIC's address is free again."""
        network = self.networks.get(int(first(nic, "NETWORK_ID", "-1")))
        for found in network.ranges if network else []:
            found.leases.pop(IPv4Address(first(nic, "IP")), None)

    def lease(self, network: Network, machine: int, wanted: str = "") -> Lease:
        """An address of that network for the machine; Refusal when it is taken, or none is left."""
        why = Refusal(Code.INTERNAL, f"Cannot get IP/MAC lease from virtual network {network.id}.")
        if network.state is not NetworkState.READY:
            raise why
        for found in network.ranges:
            choice = _free(found, wanted)
            if choice is not None:
                found.leases[choice] = Lease(choice, mac(choice), machine)
                return found.leases[choice]
        raise why

    def _pass_network(self, network: Network, now: float) -> None:
        if network.changes > now:
            return
        if network.state is NetworkState.LOCK_CREATE:
            network.state = NetworkState.READY
        if network.state is NetworkState.LOCK_DELETE:
            del self.networks[network.id]

    def _pass(self, machine: Machine, now: float) -> None:
        while machine.path and machine.path[0][0] <= now:
            _when, place = machine.path.pop(0)
            machine.before, machine.place = machine.place, place
            if place == DONE:
                self._release(machine)
        if machine.place == CLONING and all(image.state is not ImageState.LOCKED for image in self._used(machine)):
            self.enter(machine, (PENDING,))
        if machine.place == PENDING and now >= machine.since + self.pace.step:
            self._schedule(machine)

    def _schedule(self, machine: Machine) -> None:
        """Onto the first host with room; without one it stays PENDING, and its USER_TEMPLATE says why. No error."""
        cpu, memory = hundredths(machine.attributes), kilobytes(machine.attributes)
        for host in self.hosts:
            used = self.usage(host)
            if used[0] + cpu <= host.cpu and used[1] + memory <= host.memory:
                machine.own = without(machine.own, "SCHED_MESSAGE")
                machine.host = host.id
                self.enter(machine, FAIL if self.failing else DEPLOY)
                self.failing = max(self.failing - 1, 0)
                return
        when = time.strftime("%a %b %d %H:%M:%S %Y", time.gmtime(self.wall()))
        machine.own = [*without(machine.own, "SCHED_MESSAGE"), ("SCHED_MESSAGE", f"{when}: {NOWHERE}")]

    def _used(self, machine: Machine) -> list[Image]:
        ids = [int(first(disk, "IMAGE_ID", "-1")) for disk in every(machine.attributes, "DISK")]
        return [self.images[id] for id in ids if id in self.images]

    def _release(self, machine: Machine) -> None:
        """What ends with a machine: its addresses, and its use of images and groups."""
        machine.ended = self.stamp()
        for nic in every(machine.attributes, "NIC") + every(machine.attributes, "NIC_ALIAS"):
            self.give_back(nic)
        for disk in every(machine.attributes, "DISK"):
            self.detach(machine, disk)
        for group in self.groups.values():
            group.machines.discard(machine.id)
            group.outdated.discard(machine.id)


def settle(image: Image) -> None:
    """The state that follows from who uses it."""
    used = ImageState.USED_PERS if image.persistent else ImageState.USED
    image.state = used if image.machines else ImageState.READY


def hundredths(attributes: Pairs) -> int:
    """Of cores, of CPU (which may be a fraction)."""
    return round(float(first(attributes, "CPU", "0")) * 100)


def kilobytes(attributes: Pairs) -> int:
    """Of MEMORY, which is in MB."""
    return int(first(attributes, "MEMORY", "0")) * 1024


def mine(owned: Owned | None, user: User, what: str, id: int) -> None:
    """NO_EXISTS when there is none, AUTHORIZATION when it is another's."""
    if owned is None:
        raise missing(what, id)
    if owned.uid not in (user.id, 0) and not user.admin:
        raise Refusal(Code.AUTHORIZATION, f"User [{user.id}] : Not authorized to perform USE {what.upper()} [{id}].")


def usual(pace: Pace, clock: Callable[[], float], wall: Callable[[], float]) -> Cloud:
    """What a small site has: two users, two hosts of 16 cores and 32 GB, one image, the default security group, and a
    network that addresses can be reserved from."""
    cloud = Cloud(pace=pace, clock=clock, wall=wall)
    cloud.users = {0: User(0, "oneadmin", "opennebula", gid=0, admin=True), 2: User(2, "accords", "secret")}
    cloud.hosts = [Host(id, f"host{id}", cpu=1600, memory=32 * 1024**2) for id in (0, 1)]
    rule: Pairs = [("PROTOCOL", "ALL")]
    rules: Pairs = [("RULE", [*rule, ("RULE_TYPE", way)]) for way in ("OUTBOUND", "INBOUND")]
    cloud.groups[cloud.next_id("group")] = Group(0, 0, "default", rules)
    image = Image(cloud.next_id("image"), 0, "Debian 12", [("DEV_PREFIX", "vd")], ImageType.OS, 2252)
    image.state = ImageState.READY
    cloud.images[image.id] = image
    public = Network(cloud.next_id("network"), 0, "public", [("SECURITY_GROUPS", "0")], bridge="br0")
    public.ranges = [Range(0, IPv4Address("198.51.100.10"), 200)]
    cloud.networks[public.id] = public
    return cloud


def _free(found: Range, wanted: str) -> IPv4Address | None:
    """The wanted address, or the first, when it is in the range and free."""
    if wanted:
        ip = IPv4Address(wanted)
        return ip if found.holds(ip) and ip not in found.leases else None
    return next((ip for ip in (found.start + step for step in range(found.size)) if ip not in found.leases), None)
