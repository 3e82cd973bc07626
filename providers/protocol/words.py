"""The words that both sides use: kinds, states, actions, abilities."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a provider makes. Firewall: the rules of one node, default deny inwards. Address: a public address of a
    machine (floating, elastic). Key: a public key that machines are made with. Application: what a provider that offers
    its category makes of a whole node, by itself."""

    NETWORK = "network"
    FIREWALL = "firewall"
    VOLUME = "volume"
    KEY = "key"
    MACHINE = "machine"
    ADDRESS = "address"
    SNAPSHOT = "snapshot"
    APPLICATION = "application"


EVERY = frozenset(Kind)


class State(StrEnum):
    """The observed state of a resource. PENDING: being made or changed; look again."""

    PENDING = "pending"
    ACTIVE = "active"
    STOPPED = "stopped"
    SUSPENDED = "suspended"
    ERROR = "error"


class Action(StrEnum):
    """What a machine can be told to do."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"
    SUSPEND = "suspend"
    RESUME = "resume"


class Ability(StrEnum):
    """What not every provider can do. What its offering does not name, it refuses; planning reads the offering, so that
    nobody learns of it in the middle of a walk.

    PACKAGES: distribution packages in the image a machine is made of. KEYS: keys by name. ADDRESSES: public addresses
    of their own. FIXED: an address in a network that the specification chooses. SUBNETS: more than one in a network.
    VLAN: a network's number on the wire. RESIZE: another size for a machine that is there. DEVICES: a volume is a block
    device in its machine, whose fact `devices` says what it is seen as (`providers.devices`): its agent is told to
    mount it. Without this ability volumes are where their attachments say when a machine is up."""

    PACKAGES = "packages"
    VOLUMES = "volumes"
    FIREWALLS = "firewalls"
    SNAPSHOTS = "snapshots"
    SUSPEND = "suspend"
    RESIZE = "resize"
    CONSOLE = "console"
    KEYS = "keys"
    ADDRESSES = "addresses"
    FIXED = "fixed"
    SUBNETS = "subnets"
    VLAN = "vlan"
    DEVICES = "devices"


USUAL = frozenset({Ability.VOLUMES, Ability.FIREWALLS, Ability.SNAPSHOTS, Ability.SUSPEND, Ability.CONSOLE})
"""What an offering names unless its driver says otherwise."""
