"""Which machines a rule's `node:<name>` means: a security group for each node that some rule names.

The group has no rules: being in it is all. A machine is put into the groups of its node when it is made; a firewall
whose rule names a node makes that node's group and puts in the machines that are there. Whichever comes second sees the
other: the firewall looks for machines after its group is there, and is told to come again (Conflict) while a machine of
that node is between its look for groups and its own making.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from openstack.network.v2.port import Port

from providers.errors import Conflict
from providers.groups import scope
from providers.openstack.account import Account
from providers.openstack.tags import labels, server_tags

NODE = "accords-node"
MEMBERS = "accords-members"


class Members:
    """The groups of all services at one account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._making: Counter[str] = Counter()
        self._groups = threading.Lock()

    @contextmanager
    def joined(self, tags: Mapping[str, str]) -> Iterator[Sequence[str]]:
        """The groups that a machine with these tags is to be in; it is to be made inside."""
        if not tags.get(NODE):
            yield ()
            return
        key = _described(tags, tags[NODE])
        with self._lock:
            self._making[key] += 1
        try:
            yield [str(each.id) for each in self._account.cloud.network.security_groups(description=key)]
        finally:
            with self._lock:
                self._making[key] -= 1

    def group(self, tags: Mapping[str, str], node: str) -> str:
        """The group of a node in the service of these tags, made where it is not there, with its machines in it."""
        key = _described(tags, node)
        with self._groups:
            network = self._account.cloud.network
            there = list(network.security_groups(description=key))
            found = there[0] if there else network.create_security_group(name=f"members of {node}", description=key)
        with self._lock:
            if self._making[key]:
                raise Conflict(f"a machine of node {node} is being made just now; come again")
        for port in self._ports(tags, node):
            self._put_in(port, str(found.id))
        return str(found.id)

    def forget(self, group: str, firewall: str) -> None:
        """Remove a node's group when no firewall but this one names it."""
        network = self._account.cloud.network
        rules = network.security_group_rules(remote_group_id=group)
        if any(each.security_group_id != firewall for each in rules):
            return
        for port in network.ports(security_groups=[group]):
            network.update_port(port, security_groups=[each for each in port.security_group_ids if each != group])
        network.delete_security_group(group)

    def _ports(self, tags: Mapping[str, str], node: str) -> Iterator[Port]:
        """Those of the machines of the node. Conflict where one has none yet."""
        own = scope(tags)
        narrow = server_tags(own)
        query: dict[str, Any] = {"tags": ",".join(narrow)} if narrow else {}
        for server in self._account.cloud.compute.servers(details=True, **query):
            if not {**own, NODE: node}.items() <= (server.metadata or {}).items():
                continue
            ports = list(self._account.cloud.network.ports(device_id=str(server.id)))
            if not ports:
                raise Conflict(f"machine {server.name} of node {node} has no ports yet; come again")
            yield from ports

    def _put_in(self, port: Port, group: str) -> None:
        groups = list(port.security_group_ids or ())
        if group not in groups:
            self._account.cloud.network.update_port(port, security_groups=[*groups, group])


def _described(tags: Mapping[str, str], node: str) -> str:
    """What a node's group is looked up by."""
    own = labels({MEMBERS: node, **scope(tags)})
    return " ".join(own)[:255]
