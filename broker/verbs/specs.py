"""A step's inputs as what a driver takes. The only place where a plan's values become `providers` specifications.

Pure: no store, no provider. Inputs are those of the table of steps in `docs/plan.md`, with every Ref already replaced
by the result it named. An input that has the wrong shape is a TypeError: the planner is ours, so that is our bug.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from manifests import Ref, Value, in_names
from providers.protocol import (
    AddressSpec,
    ApplicationSpec,
    Attachment,
    FirewallSpec,
    KeySpec,
    Kind,
    MachineSpec,
    NetworkSpec,
    Rule,
    SnapshotSpec,
    Spec,
    VolumeSpec,
)

if TYPE_CHECKING:
    from broker.settings import SshSettings

Inputs = Mapping[str, object]


def kind_of(subject: str) -> Kind:
    """`machine/pacs.0` -> Kind.MACHINE."""
    return Kind(subject.partition("/")[0])


def spec_of(subject: str, inputs: Inputs, *, service: str, user_data: str = "") -> Spec:
    """What to create. Names begin with the service's and end with the subject's: unique among the services of an
    account at one provider, and readable in the provider's own console."""
    kind, name = kind_of(subject), name_of(subject, service)
    return machine(name, inputs, user_data) if kind is Kind.MACHINE else _SPECS[kind](name, inputs)


def name_of(subject: str, service: str) -> str:
    """`volume/pacs.0.studies` of service `demo` -> `demo-pacs-studies`. The index stays out until there is a second."""
    parts = in_names(subject.partition("/")[2]).split(".")
    return "-".join([service, *(part for part in parts if part != "0")])


def network(name: str, inputs: Inputs) -> NetworkSpec:
    vlan = _number(inputs, "vlan") if inputs.get("vlan") is not None else None
    subnets = tuple(map(str, _items(inputs, "subnets")))
    return NetworkSpec(name, cidr=_maybe(inputs, "cidr"), label=_maybe(inputs, "label"), subnets=subnets, vlan=vlan)


def firewall(name: str, inputs: Inputs) -> FirewallSpec:
    rules = tuple(_rule(_mapping(item)) for item in _items(inputs, "rules"))
    return FirewallSpec(name=name, rules=rules, network=_maybe(inputs, "network"))


def volume(name: str, inputs: Inputs) -> VolumeSpec:
    return VolumeSpec(name=name, size=_number(inputs, "size"), type=_maybe(inputs, "type"))


def address(name: str, inputs: Inputs) -> AddressSpec:
    return AddressSpec(name=name, machine=_text(inputs, "machine"))


def key(name: str, inputs: Inputs) -> KeySpec:
    return KeySpec(name=name, public_key=_text(inputs, "public_key"))


def snapshot(name: str, inputs: Inputs) -> SnapshotSpec:
    return SnapshotSpec(name=name, machine=_text(inputs, "machine"))


def application(name: str, inputs: Inputs) -> ApplicationSpec:
    category, type_ = _text(inputs, "category"), _text(inputs, "type")
    return ApplicationSpec(name=name, category=category, type=type_, document=_maybe(inputs, "document") or "")


def machine(name: str, inputs: Inputs, user_data: str) -> MachineSpec:
    network_id = _maybe(inputs, "network")
    return MachineSpec(
        name=name,
        hostname=_maybe(inputs, "hostname") or _text(inputs, "name"),
        image=_text(inputs, "image"),
        cores=_number(inputs, "cores", 1),
        memory=_number(inputs, "memory", 512 * 1024**2),
        disk=_number(inputs, "disk"),
        size=_maybe(inputs, "size"),
        networks=(*((network_id,) if network_id else ()), *map(str, _items(inputs, "further"))),
        addresses=tuple(map(str, _items(inputs, "addresses"))),
        firewall=_maybe(inputs, "firewall"),
        volumes=tuple(_attachment(_mapping(item)) for item in _items(inputs, "volumes")),
        packages=tuple(map(str, _items(inputs, "packages"))),
        user_data=user_data,
        public=bool(inputs.get("public", False)),
        zone=_maybe(inputs, "zone"),
        key=_maybe(inputs, "ssh_key"),
    )


_SPECS: Mapping[Kind, Callable[[str, Inputs], Spec]] = {
    Kind.NETWORK: network,
    Kind.FIREWALL: firewall,
    Kind.VOLUME: volume,
    Kind.KEY: key,
    Kind.ADDRESS: address,
    Kind.SNAPSHOT: snapshot,
    Kind.APPLICATION: application,
}


def called_into(spec: Spec, ssh: SshSettings, node: str) -> Spec:
    """What is made for a node that the broker dials: its firewall lets SSH in from where it comes, its machine has
    what listens."""
    if isinstance(spec, FirewallSpec):
        between = ssh.via if ssh.via and ssh.via.startswith("node:") and ssh.via != f"node:{node}" else None
        return replace(spec, rules=(*spec.rules, Rule("tcp", ssh.port, ssh.port, between or ssh.source)))
    if isinstance(spec, MachineSpec):
        return replace(spec, packages=tuple(sorted({*spec.packages, *ssh.packages})))
    return spec


def _rule(item: Inputs) -> Rule:
    return Rule(
        protocol=str(item.get("protocol", "tcp")),
        from_port=_number(item, "from"),
        to_port=_number(item, "to"),
        source=str(item.get("source", "0.0.0.0/0")),
    )


def _attachment(item: Inputs) -> Attachment:
    return Attachment(volume=_text(item, "volume"), mountpoint=_text(item, "mountpoint"))


def _text(inputs: Inputs, key: str) -> str:
    value = inputs[key]
    if not isinstance(value, str):
        raise TypeError(f"input {key} is {type(value).__name__}, a text is expected")
    return value


def _maybe(inputs: Inputs, key: str) -> str | None:
    value = inputs.get(key)
    return None if value is None else str(value)


def _number(inputs: Inputs, key: str, default: int = 0) -> int:
    value = inputs.get(key)
    if value is None:
        return default
    if not isinstance(value, int):
        raise TypeError(f"input {key} is {type(value).__name__}, an integer is expected")
    return value


def _items(inputs: Inputs, key: str) -> Sequence[object]:
    value = inputs.get(key) or ()
    if not isinstance(value, tuple | list):
        raise TypeError(f"input {key} is {type(value).__name__}, a sequence is expected")
    return value


def _mapping(value: object) -> Inputs:
    if not isinstance(value, Mapping):
        raise TypeError(f"a mapping is expected, not {type(value).__name__}")
    return value


def resolved(value: Mapping[str, Value], results: Mapping[str, Mapping[str, object] | None]) -> dict[str, object]:
    """Inputs with every Ref replaced by the field it names; a result that is not there leaves None."""
    return {key: _resolved(item, results) for key, item in value.items()}


def _resolved(value: Value, results: Mapping[str, Mapping[str, object] | None]) -> object:
    if isinstance(value, Ref):
        return (results.get(value.step) or {}).get(value.field)
    if isinstance(value, Mapping):
        return resolved(value, results)
    return tuple(_resolved(item, results) for item in value) if isinstance(value, tuple) else value
