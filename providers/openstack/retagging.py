"""Tags put back on what is there, at the service that keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from openstack.compute.v2.server import Server

from providers.errors import Refused
from providers.openstack.account import Account
from providers.openstack.errors import answered
from providers.openstack.marks import RULES
from providers.openstack.snapshots import NAMES
from providers.openstack.tags import labels, server_tags, told
from providers.protocol import Kind


def retag(account: Account, kind: Kind, id: str, tags: Mapping[str, str]) -> None:
    """Beside the tags that it has under other names."""
    RETAGGED[kind](account, id, tags)


def _machine(account: Account, id: str, tags: Mapping[str, str]) -> None:
    """Its metadata, and the tags that narrow a list."""
    compute = account.cloud.compute
    compute.set_server_metadata(id, **tags)
    there: Server = answered(compute.get_server(id))
    for each in sorted({*server_tags(tags)} - {*(there.tags or ())}):
        compute.add_tag_to_server(there, each)


def _volume(account: Account, id: str, tags: Mapping[str, str]) -> None:
    account.volumes.set_volume_metadata(id, **tags)


def _network(account: Account, id: str, tags: Mapping[str, str]) -> None:
    _labelled(account, answered(account.cloud.network.get_network(id)), tags)


def _firewall(account: Account, id: str, tags: Mapping[str, str]) -> None:
    """It is whole as it is: one that is half made has our tags already, and no rules yet."""
    group = answered(account.cloud.network.get_security_group(id))
    inwards = [each for each in group.security_group_rules or () if each["direction"] == "ingress"]
    own = {} if RULES in told(group.tags or ()) else {RULES: str(len(inwards))}
    _labelled(account, group, {**tags, **own})


def _address(account: Account, id: str, tags: Mapping[str, str]) -> None:
    _labelled(account, answered(account.cloud.network.get_ip(id)), tags)


def _labelled(account: Account, thing: Any, tags: Mapping[str, str]) -> None:
    """neutron takes all tags of a thing at once; those of others stay as they are."""
    others = [each for each in thing.tags or () if not told([each]).keys() & tags.keys()]
    account.cloud.network.set_tags(thing, sorted({*others, *labels(tags)}))


def _snapshot(account: Account, id: str, tags: Mapping[str, str]) -> None:
    there = answered(account.images.get_image(id))
    names = {*str((there.properties or {}).get(NAMES, "")).split(), *tags}
    account.images.update_image(there, **{**tags, NAMES: " ".join(sorted(names))})


def _key(account: Account, id: str, tags: Mapping[str, str]) -> None:
    """Always Refused: its name is what holds them."""
    raise Refused(f"the tags of key {id} are in its name, which nova does not change")


RETAGGED: Mapping[Kind, Callable[[Account, str, Mapping[str, str]], None]] = {
    Kind.MACHINE: _machine,
    Kind.VOLUME: _volume,
    Kind.NETWORK: _network,
    Kind.FIREWALL: _firewall,
    Kind.ADDRESS: _address,
    Kind.SNAPSHOT: _snapshot,
    Kind.KEY: _key,
}
