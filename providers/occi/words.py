"""How what we make is called in OCCI: kinds, mixins, attributes and states, as tables.

Where the standard has no word (firewalls, public addresses) rOCCI and ooi have one, and our brokers take it; where
nobody has, ours have their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from providers.protocol import Ability, Action, Kind, State

INFRASTRUCTURE = "http://schemas.ogf.org/occi/infrastructure#"
OURS = "http://scheme.compatibleone.fr/scheme/accords#"
COMPUTE, NETWORK, STORAGE = (f"{INFRASTRUCTURE}{term}" for term in ("compute", "network", "storage"))
FIREWALL, ADDRESS = f"{INFRASTRUCTURE}securitygroup", f"{INFRASTRUCTURE}ipreservation"
SNAPSHOT, KEY, TAGGED, MACHINE, SUBNETS = (
    f"{OURS}{term}" for term in ("snapshot", "key", "tagged", "machine", "subnets")
)
INTERFACE, STORAGE_LINK, GUARD = (
    f"{INFRASTRUCTURE}{term}" for term in ("networkinterface", "storagelink", "securitygrouplink")
)
IP_NETWORK = "http://schemas.ogf.org/occi/infrastructure/network#ipnetwork"
IP_INTERFACE = "http://schemas.ogf.org/occi/infrastructure/networkinterface#ipnetworkinterface"
USER_DATA = "http://schemas.ogf.org/occi/infrastructure/compute#user_data"
SSH_KEY = "http://schemas.ogf.org/occi/infrastructure/credentials#ssh_key"
OS_TEMPLATE, RESOURCE_TEMPLATE = f"{INFRASTRUCTURE}os_tpl", f"{INFRASTRUCTURE}resource_tpl"

TOKEN, TAGS = "org.accords.client.token", "org.accords.client.tags"
PROVIDER, REFERENCE, SERVICE, CHANGING = (
    f"org.accords.{term}" for term in ("provider", "provider.id", "service", "changing")
)
TEMPLATES = "http://schemas.accords.org/occi/"
"""Schemes of our brokers' templates begin so, and go on with the name of the provider."""
PUBLIC_KEY = "org.accords.key.public"


@dataclass(frozen=True, slots=True)
class Form:
    """How a kind of ours looks at a server: its kind, its state's attribute (empty: it has none) and what its words
    mean, and the action that brings a new one up where that is not done by itself."""

    kind: str
    state: str
    words: Mapping[str, State]
    up: str = ""


_UP = {"active": State.ACTIVE, "inactive": State.STOPPED}
FORMS: Mapping[Kind, Form] = {
    Kind.MACHINE: Form(COMPUTE, "occi.compute.state", {**_UP, "suspended": State.SUSPENDED}, "start"),
    Kind.NETWORK: Form(NETWORK, "occi.network.state", _UP, "up"),
    Kind.VOLUME: Form(STORAGE, "occi.storage.state", {"online": State.ACTIVE, "offline": State.STOPPED}, "online"),
    Kind.FIREWALL: Form(FIREWALL, "occi.securitygroup.state", _UP),
    Kind.ADDRESS: Form(ADDRESS, "occi.ipreservation.state", _UP),
    Kind.SNAPSHOT: Form(SNAPSHOT, "org.accords.snapshot.state", _UP),
    Kind.KEY: Form(KEY, "", {}),
}
KINDS: Mapping[str, Kind] = {form.kind: kind for kind, form in FORMS.items()}

# what is asked for -> OCCI's action, the state it is about, the states it may be asked in
ACTIONS: Mapping[Action, tuple[str, State | None, frozenset[State]]] = {
    Action.START: ("start", State.ACTIVE, frozenset({State.STOPPED, State.SUSPENDED})),
    Action.STOP: ("stop", State.STOPPED, frozenset({State.ACTIVE})),
    Action.RESTART: ("restart", None, frozenset({State.ACTIVE})),
    Action.SUSPEND: ("suspend", State.SUSPENDED, frozenset({State.ACTIVE})),
    Action.RESUME: ("start", State.ACTIVE, frozenset({State.SUSPENDED})),
}

NEEDS: Mapping[Ability, str] = {
    Ability.VOLUMES: STORAGE,
    Ability.SUSPEND: COMPUTE,
    Ability.RESIZE: COMPUTE,
    Ability.FIXED: IP_INTERFACE,
    Ability.VLAN: NETWORK,
    Ability.DEVICES: STORAGE_LINK,
    Ability.FIREWALLS: GUARD,
    Ability.ADDRESSES: ADDRESS,
    Ability.SNAPSHOTS: SNAPSHOT,
    Ability.SUBNETS: SUBNETS,
    Ability.PACKAGES: MACHINE,
}
"""What a broker's query interface shows where an ability of the provider behind it can be asked for. No word is there
for its console, nor for instructions."""
