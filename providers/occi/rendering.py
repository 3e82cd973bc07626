"""Between the Protocol's values and OCCI's JSON rendering (GFD.225). Pure: no request is made here.

A thing at the other broker is an entity with the mixin TAGGED, whose attributes hold its token and tags; its path is
its kind's location and its uuid (occi.md NS-08). Sizes are GiB there and bytes here.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from providers.errors import Refused
from providers.occi.options import GIB
from providers.protocol import Kind, MachineSpec, NetworkSpec, Resource, Spec, State, VolumeSpec

INFRASTRUCTURE = "http://schemas.ogf.org/occi/infrastructure#"
TAGGED = "http://scheme.compatibleone.fr/scheme/accords#tagged"
IP_NETWORK = "http://schemas.ogf.org/occi/infrastructure/network#ipnetwork"
USER_DATA = "http://schemas.ogf.org/occi/infrastructure/compute#user_data"
OS_TEMPLATE = f"{INFRASTRUCTURE}os_tpl"
INTERFACE, STORAGE_LINK = f"{INFRASTRUCTURE}networkinterface", f"{INFRASTRUCTURE}storagelink"
DEFAULT_IMAGE = "default"  # INF-20: a server may choose when no template is named
TOKEN, TAGS = "org.accords.client.token", "org.accords.client.tags"
ENTITIES = uuid.UUID("5b1e3f0a-9d0c-5c53-8a4e-3c8f0f5d2b11")  # namespace of the uuids made from tokens


@dataclass(frozen=True, slots=True)
class Form:
    """How a kind of ours looks at the other broker: its kind, its state's attribute and what its words mean, the
    action that brings a new one up, and the kind of link that shows somebody uses it."""

    kind: str
    state: str
    words: Mapping[str, State]
    up: str
    used_by: str | None = None


FORMS: Mapping[Kind, Form] = {
    Kind.MACHINE: Form(
        f"{INFRASTRUCTURE}compute",
        "occi.compute.state",
        {"active": State.ACTIVE, "inactive": State.STOPPED, "suspended": State.SUSPENDED},
        "start",
    ),
    Kind.NETWORK: Form(
        f"{INFRASTRUCTURE}network",
        "occi.network.state",
        {"active": State.ACTIVE, "inactive": State.STOPPED},
        "up",
        INTERFACE,
    ),
    Kind.VOLUME: Form(
        f"{INFRASTRUCTURE}storage",
        "occi.storage.state",
        {"online": State.ACTIVE, "offline": State.STOPPED},
        "online",
        STORAGE_LINK,
    ),
}
SPECS: Mapping[type, Kind] = {NetworkSpec: Kind.NETWORK, VolumeSpec: Kind.VOLUME, MachineSpec: Kind.MACHINE}
KINDS: Mapping[str, Kind] = {form.kind: kind for kind, form in FORMS.items()}


class End(BaseModel):
    """A link's source or target."""

    location: str


class Shown(BaseModel):
    """An entity as a server renders it. Members we do not read are let pass."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    kind: str
    id: str
    title: str = ""
    mixins: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = Field(default_factory=dict)
    links: tuple[Shown, ...] = ()
    target: End | None = None

    @property
    def uuid(self) -> str:
        return self.id.removeprefix("urn:uuid:")


class Collection(BaseModel):
    """A collection, or the part of it on one page."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    resources: tuple[Shown, ...] = ()
    links: tuple[Shown, ...] = ()


class Category(BaseModel):
    """A kind or mixin of the query interface."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    term: str
    scheme: str
    title: str = ""
    location: str | None = None
    depends: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        return self.scheme + self.term


class Model(BaseModel):
    """What a server's query interface lists."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    kinds: tuple[Category, ...] = ()
    mixins: tuple[Category, ...] = ()

    def locations(self) -> Mapping[str, str]:
        """Type identifier -> path of its collection."""
        return {each.type: each.location for each in (*self.kinds, *self.mixins) if each.location}


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


def rendered(spec: Spec, token: str, tags: Mapping[str, str], locations: Mapping[str, str]) -> dict[str, Any]:
    """The entity that makes what the specification says. Refused for what OCCI cannot say."""
    kind = kind_of(spec)
    mixins, attributes = _own(spec)
    links = _links(spec, locations) if isinstance(spec, MachineSpec) else []
    return {
        "kind": FORMS[kind].kind,
        "id": f"urn:uuid:{id_of(kind, token)}",
        "title": spec.name,
        "mixins": [TAGGED, *mixins],
        "attributes": {TOKEN: token, TAGS: dict(tags), **attributes},
        **({"links": links} if links else {}),
    }


def remarked(kind: Kind, token: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """The change that gives an entity these tags. The token is one of them, where it has lost its own."""
    known = tags.get("accords-token", token)
    return {"kind": FORMS[kind].kind, "mixins": [TAGGED], "attributes": {TOKEN: known, TAGS: dict(tags)}}


def resource(shown: Shown) -> Resource:
    """The Protocol's view of an entity. A state that has no word of ours is ERROR."""
    kind = KINDS[shown.kind]
    form, attributes = FORMS[kind], shown.attributes
    return Resource(
        kind,
        shown.uuid,
        shown.title,
        form.words.get(str(attributes.get(form.state)), State.ERROR),
        str(attributes.get(TOKEN, "")),
        {str(key): str(value) for key, value in dict(attributes.get(TAGS) or {}).items()},
        _addresses(shown),
        _facts(shown),
    )


def _own(spec: Spec) -> tuple[list[str], dict[str, Any]]:
    """What a specification says beyond its name: mixins and attributes."""
    if isinstance(spec, NetworkSpec):
        label = {"occi.network.label": spec.label} if spec.label else {}
        return ([IP_NETWORK], {**label, "occi.network.address": spec.cidr}) if spec.cidr else ([], label)
    if isinstance(spec, VolumeSpec):
        if spec.size <= 0:
            raise Refused(f"a volume of {spec.size} bytes cannot be made; ask for at least one")
        return [], {"occi.storage.size": spec.size / GIB}
    return _machine(spec) if isinstance(spec, MachineSpec) else ([], {})


def _machine(spec: MachineSpec) -> tuple[list[str], dict[str, Any]]:
    if spec.firewall or spec.packages or spec.size:
        what = "a firewall" if spec.firewall else "packages" if spec.packages else f"a size called {spec.size}"
        raise Refused(f"OCCI cannot say that machine {spec.name} has {what}; leave it out")
    attributes: dict[str, Any] = {
        "occi.compute.cores": spec.cores,
        "occi.compute.memory": spec.memory / GIB,
        "occi.compute.hostname": spec.hostname,
    }
    mixins = [spec.image] if spec.image != DEFAULT_IMAGE else []
    if not spec.user_data:
        return mixins, attributes
    encoded = base64.b64encode(spec.user_data.encode()).decode()
    return [*mixins, USER_DATA], {**attributes, "occi.compute.userdata": encoded}


def _links(spec: MachineSpec, locations: Mapping[str, str]) -> list[dict[str, Any]]:
    networks = [{"kind": INTERFACE, "target": _end(Kind.NETWORK, id, locations)} for id in spec.networks]
    volumes = [
        {
            "kind": STORAGE_LINK,
            "target": _end(Kind.VOLUME, each.volume, locations),
            "attributes": {"occi.storagelink.mountpoint": each.mountpoint},
        }
        for each in spec.volumes
    ]
    return [*networks, *volumes]


def _end(kind: Kind, id: str, locations: Mapping[str, str]) -> dict[str, str]:
    return {"location": f"{locations[FORMS[kind].kind]}{id}", "kind": FORMS[kind].kind}


def _addresses(shown: Shown) -> tuple[str, ...]:
    """A machine's addresses are those of its interfaces, without the length of a prefix."""
    found = (link.attributes.get("occi.networkinterface.address") for link in shown.links)
    return tuple(str(address).partition("/")[0] for address in found if address)


_FACTS = {
    "occi.network.address": "cidr",
    "occi.network.gateway": "gateway",
    "occi.compute.cores": "cores",
    "occi.compute.hostname": "hostname",
}
_SIZES = {"occi.storage.size": "size", "occi.compute.memory": "memory"}


def _facts(shown: Shown) -> dict[str, str | int]:
    attributes = shown.attributes
    plain = {ours: attributes[theirs] for theirs, ours in _FACTS.items() if theirs in attributes}
    return plain | {ours: round(float(attributes[gib]) * GIB) for gib, ours in _SIZES.items() if gib in attributes}
