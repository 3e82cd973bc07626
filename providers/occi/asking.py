"""What is made, as the entity that a broker's server is asked for (GFD.225, JSON). Pure.

A thing's uuid is made from its token: the same token is the same address, whoever asks and however often. Sizes are
GiB there and bytes here.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.errors import NotFound, Refused
from providers.occi import words
from providers.occi.options import GIB
from providers.occi.words import FORMS
from providers.protocol import (
    AddressSpec,
    FirewallSpec,
    KeySpec,
    Kind,
    MachineSpec,
    NetworkSpec,
    OfferedSize,
    Rule,
    SnapshotSpec,
    Spec,
    VolumeSpec,
)
from providers.rules import check

ENTITIES = uuid.UUID("5b1e3f0a-9d0c-5c53-8a4e-3c8f0f5d2b11")  # namespace of the uuids made from tokens
SPECS: Mapping[type, Kind] = {
    NetworkSpec: Kind.NETWORK,
    FirewallSpec: Kind.FIREWALL,
    VolumeSpec: Kind.VOLUME,
    KeySpec: Kind.KEY,
    MachineSpec: Kind.MACHINE,
    AddressSpec: Kind.ADDRESS,
    SnapshotSpec: Kind.SNAPSHOT,
}

Said = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Server:
    """What has to be known of a server to ask it for something: where its collections are, which of its providers is
    meant, its templates (name of a size or id of an image -> mixin), and the public key that a machine is made with."""

    locations: Mapping[str, str]
    provider: str
    sizes: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    key: str = ""

    def path(self, kind: Kind, id: str) -> str:
        """Of a thing there. NotFound for what can be the id of none."""
        if not is_id(id):
            raise NotFound(f"there is no {kind} {id}: that is no id of this provider")
        return f"{self.locations[FORMS[kind].kind]}{id}"


def id_of(kind: Kind, token: str) -> str:
    """The uuid of what this token makes: uuid5, so everybody who has the token knows it."""
    return str(uuid.uuid5(ENTITIES, f"{kind} {token}"))


def is_id(id: str) -> bool:
    """Whether this can be the id of anything over there."""
    try:
        return str(uuid.UUID(id)) == id
    except ValueError:
        return False


def kind_of(spec: Spec) -> Kind:
    """The kind a specification is of; Refused for what OCCI has no kind for."""
    if type(spec) in SPECS:
        return SPECS[type(spec)]
    what = type(spec).__name__.removesuffix("Spec").lower()
    raise Refused(f"OCCI has no kind for a {what}; choose another provider for it", thing=f"{what}/{spec.name}")


def rendered(spec: Spec, token: str, tags: Mapping[str, str], server: Server) -> Said:
    """The entity that makes what the specification says. Refused for what OCCI cannot say, NotFound for a part that
    cannot be there."""
    kind = kind_of(spec)
    own = _OWN[type(spec)](spec, server)
    where = {} if kind is Kind.KEY else {words.PROVIDER: server.provider}
    return {
        "kind": FORMS[kind].kind,
        "id": f"urn:uuid:{id_of(kind, token)}",
        "title": spec.name,
        **own,
        "mixins": [words.TAGGED, *own.get("mixins", ())],
        "attributes": {words.TOKEN: token, words.TAGS: dict(tags), **where, **own.get("attributes", {})},
    }


def remarked(kind: Kind, token: str, tags: Mapping[str, str]) -> Said:
    """The change that gives an entity these tags. The token is one of them, where it has lost its own."""
    known = tags.get("accords-token", token)
    marks = {words.TOKEN: known, words.TAGS: dict(tags)}
    return {"kind": FORMS[kind].kind, "mixins": [words.TAGGED], "attributes": marks}


def resized(size: OfferedSize, server: Server) -> Said:
    """The change that asks for another size of a compute. NotFound for a name that no size has."""
    if size.name is not None:
        if size.name not in server.sizes:
            raise NotFound(f"there is no size {size.name}; there are {', '.join(sorted(server.sizes))}")
        return {"kind": words.COMPUTE, "mixins": [server.sizes[size.name]]}
    amounts = {"occi.compute.cores": size.cores, "occi.compute.memory": size.memory / GIB}
    return {"kind": words.COMPUTE, "attributes": amounts}


def _network(spec: NetworkSpec, server: Server) -> Said:
    said = {"occi.network.label": spec.label, "occi.network.address": spec.cidr, "occi.network.vlan": spec.vlan}
    mixins = [words.IP_NETWORK] if spec.cidr else []
    known = {name: value for name, value in said.items() if value is not None}
    if not spec.subnets:
        return {"mixins": mixins, "attributes": known}
    more = {"org.accords.network.subnets": list(spec.subnets)}
    return {"mixins": [*mixins, words.SUBNETS], "attributes": {**known, **more}}


def _volume(spec: VolumeSpec, server: Server) -> Said:
    if spec.size <= 0:
        raise Refused(f"a volume of {spec.size} bytes cannot be made; ask for at least one")
    return {"attributes": {"occi.storage.size": spec.size / GIB}}


def _firewall(spec: FirewallSpec, server: Server) -> Said:
    network = {} if spec.network is None else {"network": server.path(Kind.NETWORK, spec.network)}
    named = {f"org.accords.securitygroup.{name}": path for name, path in network.items()}
    return {"attributes": {"occi.securitygroup.rules": [rule(each) for each in spec.rules], **named}}


def rule(one: Rule) -> Said:
    """As rOCCI and ooi say it; `node` is ours. Refused for a rule that no firewall could keep."""
    check(one)
    node = one.source.removeprefix("node:") if one.source.startswith("node:") else None
    source = {"range": one.source} if node is None else {"node": node}
    ports = {"port": f"{one.from_port}-{one.to_port}"} if one.to_port else {}
    return {"type": "inbound", "protocol": one.protocol, **ports, **source}


def _key(spec: KeySpec, server: Server) -> Said:
    return {"attributes": {words.PUBLIC_KEY: spec.public_key}}


def _address(spec: AddressSpec, server: Server) -> Said:
    return {"attributes": {"org.accords.ipreservation.machine": server.path(Kind.MACHINE, spec.machine)}}


def _snapshot(spec: SnapshotSpec, server: Server) -> Said:
    return {"attributes": {"org.accords.snapshot.machine": server.path(Kind.MACHINE, spec.machine)}}


def _machine(spec: MachineSpec, server: Server) -> Said:
    return {
        "mixins": [words.MACHINE, *_templates(spec, server), *([words.USER_DATA] if spec.user_data else [])]
        + ([words.SSH_KEY] if server.key else []),
        "attributes": {**_sized(spec), **_asked(spec, server), **_given(spec, server)},
        "links": list(_links(spec, server)),
    }


def _templates(spec: MachineSpec, server: Server) -> list[str]:
    """The mixins of its size and its image, unless that is a snapshot. NotFound."""
    if spec.size is not None and spec.size not in server.sizes:
        raise NotFound(f"there is no size {spec.size}; there are {', '.join(sorted(server.sizes)) or 'none by name'}")
    if not is_id(spec.image) and spec.image not in server.images:
        raise NotFound(f"there is no image {spec.image}; see what `accords providers` lists")
    image = [] if is_id(spec.image) else [server.images[spec.image]]
    return [*image, *([server.sizes[spec.size]] if spec.size is not None else [])]


def _sized(spec: MachineSpec) -> Said:
    own = {"occi.compute.hostname": spec.hostname}
    amounts = {"occi.compute.cores": spec.cores, "occi.compute.memory": spec.memory / GIB}
    disk = {"org.accords.machine.disk": spec.disk / GIB} if spec.disk else {}
    return {**own, **disk, **amounts} if spec.size is None else own


def _asked(spec: MachineSpec, server: Server) -> Said:
    known = {
        "image": server.path(Kind.SNAPSHOT, spec.image) if is_id(spec.image) else None,
        "packages": list(spec.packages) or None,
        "public": "yes" if spec.public else None,
        "zone": spec.zone,
    }
    return {f"org.accords.machine.{name}": value for name, value in known.items() if value is not None}


def _given(spec: MachineSpec, server: Server) -> Said:
    """What it finds in itself when it is up."""
    data = {"occi.compute.userdata": base64.b64encode(spec.user_data.encode()).decode()} if spec.user_data else {}
    return {**data, **({"occi.credentials.ssh.publickey": server.key} if server.key else {})}


def _links(spec: MachineSpec, server: Server) -> list[Said]:
    fixed = (*spec.addresses, *("" for _ in spec.networks))
    networks = [_interface(id, at, server) for id, at in zip(spec.networks, fixed, strict=False)]
    volumes = [
        _link(words.STORAGE_LINK, Kind.VOLUME, each.volume, server, {"occi.storagelink.mountpoint": each.mountpoint})
        for each in spec.volumes
    ]
    guard = [_link(words.GUARD, Kind.FIREWALL, spec.firewall, server, {})] if spec.firewall else []
    return [*networks, *volumes, *guard]


def _interface(network: str, at: str, server: Server) -> Said:
    if not at:
        return _link(words.INTERFACE, Kind.NETWORK, network, server, {})
    chosen = {"occi.networkinterface.address": at, "occi.networkinterface.allocation": "static"}
    return {**_link(words.INTERFACE, Kind.NETWORK, network, server, chosen), "mixins": [words.IP_INTERFACE]}


def _link(link: str, kind: Kind, id: str, server: Server, attributes: Said) -> Said:
    target = {"location": server.path(kind, id), "kind": FORMS[kind].kind}
    return {"kind": link, "target": target, **({"attributes": attributes} if attributes else {})}


_OWN: Mapping[type, Callable[[Any, Server], Said]] = {
    NetworkSpec: _network,
    FirewallSpec: _firewall,
    VolumeSpec: _volume,
    KeySpec: _key,
    MachineSpec: _machine,
    AddressSpec: _address,
    SnapshotSpec: _snapshot,
}
