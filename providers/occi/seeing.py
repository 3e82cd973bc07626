"""What a broker's server shows, as the Protocol's view of it. Pure.

What is there says where: until our word for the provider's own id is there it is being made, and while something is
asked of it, it is being changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers import devices
from providers.occi import words
from providers.occi.options import GIB
from providers.occi.shown import Shown
from providers.occi.words import FORMS, KINDS
from providers.protocol import Kind, Resource, State


def resource(shown: Shown) -> Resource:
    """The Protocol's view of an entity. A state that has no word of ours is ERROR."""
    kind, attributes = KINDS[shown.kind], shown.attributes
    return Resource(
        kind,
        shown.own,
        shown.title,
        state(kind, attributes),
        str(attributes.get(words.TOKEN, "")),
        {str(key): str(value) for key, value in dict(attributes.get(words.TAGS) or {}).items()},
        addresses(shown),
        _facts(kind, shown),
    )


def state(kind: Kind, attributes: Mapping[str, Any]) -> State:
    form = FORMS[kind]
    word = str(attributes.get(form.state))
    if not form.state:
        return State.ACTIVE
    if attributes.get(words.CHANGING) or (
        is_real(attributes) and words.REFERENCE not in attributes and word != "error"
    ):
        return State.PENDING
    return form.words.get(word, State.ERROR)


def is_real(attributes: Mapping[str, Any]) -> bool:
    """Whether something is made for it: a broker without providers keeps entities, and that is all they are."""
    return words.SERVICE in attributes


def addresses(shown: Shown) -> tuple[str, ...]:
    """A machine's addresses are those of its interfaces, without the length of a prefix; in their order."""
    named = sorted(shown.links, key=lambda link: str(link.attributes.get("occi.networkinterface.interface", "")))
    found = (link.attributes.get("occi.networkinterface.address") for link in named)
    own = shown.attributes.get("occi.ipreservation.address")
    told = str(shown.attributes.get("org.accords.addresses") or "").split()
    linked = tuple(str(address).partition("/")[0] for address in found if address)
    return (str(own),) if own else tuple(told) or linked


_FACTS = {
    "occi.network.address": "cidr",
    "occi.network.gateway": "gateway",
    "occi.network.vlan": "vlan",
    "occi.compute.cores": "cores",
    "occi.compute.hostname": "hostname",
}
_SIZES = {"occi.storage.size": "size", "occi.compute.memory": "memory"}


def _facts(kind: Kind, shown: Shown) -> dict[str, str | int]:
    attributes = shown.attributes
    plain = {ours: attributes[theirs] for theirs, ours in _FACTS.items() if theirs in attributes}
    sizes = {ours: round(float(attributes[gib]) * GIB) for gib, ours in _SIZES.items() if gib in attributes}
    return plain | sizes | _more(kind, shown)


def _more(kind: Kind, shown: Shown) -> dict[str, str | int]:
    attributes = shown.attributes
    if subnets := attributes.get("org.accords.network.subnets"):
        return {"subnets": " ".join(map(str, subnets))}
    if kind is Kind.MACHINE:
        return devices.told(_devices(shown)) | _size_name(shown) | _error(kind, attributes)
    return _error(kind, attributes)


def _size_name(shown: Shown) -> dict[str, str | int]:
    """What the size is called that it has."""
    named = (each.partition("#") for each in shown.mixins if each.startswith(words.TEMPLATES))
    terms = [term for scheme, _, term in named if scheme.endswith("/resource_tpl")]
    return {"size": terms[0]} if terms else {}


def _devices(shown: Shown) -> dict[str, tuple[str, ...]]:
    """What it sees its volumes as, by their ids."""
    links = (link for link in shown.links if link.kind == words.STORAGE_LINK and link.target)
    named = ((link, str(link.attributes.get("occi.storagelink.deviceid") or "")) for link in links)
    return {
        link.target.location.rpartition("/")[2]: tuple(name.split(",")) for link, name in named if name and link.target
    }


def _error(kind: Kind, attributes: Mapping[str, Any]) -> dict[str, str | int]:
    """Why it came up broken."""
    form = FORMS[kind]
    message = attributes.get(f"{form.state}.message") if form.state else None
    return {"error": str(message)} if message and state(kind, attributes) is State.ERROR else {}
