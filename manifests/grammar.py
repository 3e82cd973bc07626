"""The grammar of CORDS documents as one table: element -> what it is built into, its attributes, its children.

cords.md 1.3 and 4.1. Read by `manifests.build` for every format, and the other way round by `manifests.instances`.
Ours, beside the historic attributes: `zone` of a node, `mountpoint` and `retain` of a volume, and a port whose `range`
is a node's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from manifests import model
from manifests.kinds import Kind


@dataclass(frozen=True, slots=True)
class Attr:
    """`field` is the constructor's argument, by default the attribute's own name."""

    kind: Kind = Kind.TEXT
    field: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Child:
    """`rule` is a key of GRAMMAR, `field` the constructor's argument: a value, or a tuple where there may be `many`.
    `counter` is the attribute in which the historic kind counts them, where it has one."""

    rule: str
    field: str
    many: bool = False
    required: bool = False
    counter: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """`refers`: written empty, with a name, it stands for the element of that name elsewhere in the document."""

    make: Callable[..., object]
    attributes: Mapping[str, Attr]
    children: Mapping[str, Child] = field(default_factory=dict)
    refers: bool = True


def _name(name: str = "", **_: object) -> str:
    """What an element leaves when only its name matters here."""
    return name


def _action(type: str = "cordscript", **values: Any) -> model.Action:
    return model.Action(type=type, **values)


TEXT = Attr()
READ = Attr(Kind.READ)
# What a decorated document carries on every element (cords.md 1.2); the store knows better.
_DECORATION = {"id": READ, "state": READ}
_PHASE = {"name": TEXT, "actions": READ, **_DECORATION}
_ACTIONS = {"action": Child("action", "actions", many=True, counter="actions")}
_PORTS = {"port": Child("port", "ports", many=True)}
_ALL_TEXT: dict[str, Attr] = {"name": TEXT, "description": TEXT, **_DECORATION}

GRAMMAR: Mapping[str, Rule] = {
    "manifest": Rule(
        model.Manifest,
        {
            "name": Attr(required=True),
            "zone": TEXT,
            "description": Attr(Kind.SCRIPT),
            "plan": READ,
            "nodes": READ,
            **_DECORATION,
        },
        {
            "node": Child("node", "nodes", many=True, counter="nodes"),
            "configuration": Child("phase", "configuration"),
            "release": Child("phase", "release"),
            "interface": Child("phase", "interface"),
            "security": Child("security", "security"),
            "account": Child("account", "account"),
        },
        refers=False,
    ),
    "node": Rule(
        model.Node,
        {
            "name": Attr(Kind.NAME, required=True),
            **dict.fromkeys(("type", "category", "provider", "operator", "profile", "zone", "access", "scope"), TEXT),
            **dict.fromkeys(("entry", "common", "firewall", "cordscript"), READ),
            **_DECORATION,
        },
        {
            "infrastructure": Child("infrastructure", "infrastructure"),
            "image": Child("image", "image"),
        },
        refers=False,
    ),
    "infrastructure": Rule(
        model.Infrastructure,
        {"name": TEXT, **_DECORATION},
        {
            "compute": Child("compute", "compute"),
            "network": Child("network", "network"),
            "storage": Child("storage", "storage"),
        },
    ),
    "compute": Rule(
        model.Compute,
        {
            "name": TEXT,
            "architecture": TEXT,
            "cores": Attr(Kind.CORES),
            "speed": Attr(Kind.SPEED),
            "memory": Attr(Kind.SIZE),
            "hostname": Attr(Kind.HOST),
            **_DECORATION,
        },
    ),
    "network": Rule(
        model.Network,
        {"name": Attr(Kind.NAME), "label": TEXT, "vlan": TEXT, **_DECORATION},
        {**_PORTS, "endpoint": Child("endpoint", "endpoints", many=True)},
    ),
    "endpoint": Rule(
        model.Endpoint,
        {**dict.fromkeys(("name", "label", "dns", "subnet", "range"), TEXT)},
        _PORTS,
    ),
    "port": Rule(
        model.Port,
        {
            "name": TEXT,
            "protocol": Attr(Kind.PROTOCOL),
            "from": Attr(Kind.PORT, "from_port"),
            "to": Attr(Kind.PORT, "to_port"),
            "range": Attr(Kind.RANGE, "source"),
            "direction": Attr(Kind.DIRECTION),
            **_DECORATION,
        },
    ),
    "storage": Rule(
        model.Storage,
        {"name": TEXT, "size": Attr(Kind.SIZE), "type": TEXT, **_DECORATION},
        {"volume": Child("volume", "volumes", many=True)},
    ),
    "volume": Rule(
        model.Volume,
        {
            "name": Attr(Kind.NAME, required=True),
            "size": Attr(Kind.SIZE, required=True),
            "type": TEXT,
            "mountpoint": Attr(Kind.PATH),
            "retain": Attr(Kind.FLAG),
            **_DECORATION,
        },
    ),
    "image": Rule(
        model.Image,
        {"name": TEXT, "agent": TEXT, "price": READ, "vm": READ, "packages": READ, **_DECORATION},
        {"system": Child("system", "system"), "package": Child("package", "packages", many=True, counter="packages")},
    ),
    "system": Rule(
        model.System,
        {
            **dict.fromkeys(("name", "version", "distribution", "architecture", "description"), TEXT),
            **dict.fromkeys(("constraint", "requirement", "price", "license"), READ),
            **_DECORATION,
        },
    ),
    "package": Rule(
        model.Package,
        {
            "name": Attr(Kind.PACKAGE, required=True),
            "version": TEXT,
            "installation": Attr(Kind.SCRIPT),
            "configuration": Attr(Kind.SCRIPT),
            "distribution": TEXT,
            "mirrors": TEXT,
            **dict.fromkeys(("description", "constraint", "requirements", "price", "license"), READ),
            **_DECORATION,
        },
        _PORTS,
    ),
    "phase": Rule(model.Phase, _PHASE, _ACTIONS),
    "action": Rule(
        _action,
        {
            "name": TEXT,
            "type": Attr(Kind.LANGUAGE),
            "expression": Attr(Kind.EXPRESSION, required=True),
            **_DECORATION,
        },
        refers=False,
    ),
    "security": Rule(model.Security, {"name": TEXT, "level": TEXT, "scheme": TEXT, **_DECORATION}),
    "account": Rule(
        _name,
        {
            "name": Attr(required=True),
            **dict.fromkeys(("number", "date", "security", "legal", "nature", "invoicing", "users"), READ),
            **_DECORATION,
        },
        {"user": Child("user", "users", many=True, counter="users")},
    ),
    "user": Rule(
        _name,
        {
            "name": TEXT,
            **dict.fromkeys(("password", "email", "role", "account", "authorization", "stamp", "when"), READ),
            **_DECORATION,
        },
        refers=False,
    ),
    "agreement": Rule(
        model.Agreement,
        {
            "name": Attr(required=True),
            **dict.fromkeys(
                ("initiator", "responder", "serviceprovider", "initiation", "expiration", "description"), TEXT
            ),
            **dict.fromkeys(("template", "templateid", "templatename", "termss"), READ),
            **_DECORATION,
        },
        {"terms": Child("terms", "terms", many=True, counter="termss")},
        refers=False,
    ),
    "terms": Rule(
        model.Terms,
        {**_ALL_TEXT, "description": READ, "type": Attr(required=True), "terms": READ},
        {"term": Child("term", "terms", many=True, counter="terms")},
        refers=False,
    ),
    "term": Rule(
        model.Term,
        {**_ALL_TEXT, **dict.fromkeys(("type", "identity", "variables", "guarantees", "description"), READ)},
        {
            "manifest": Child("mention", "manifest"),
            "variable": Child("variable", "variables", many=True, counter="variables"),
            "guarantee": Child("guarantee", "guarantees", many=True, counter="guarantees"),
        },
        refers=False,
    ),
    "mention": Rule(_name, {"name": Attr(required=True), "plan": READ, **_DECORATION}, refers=False),
    "variable": Rule(
        model.Variable,
        {
            **_ALL_TEXT,
            "description": READ,
            "property": Attr(required=True),
            "condition": Attr(Kind.CONDITION),
            "value": TEXT,
            "location": TEXT,
        },
        {"metric": Child("metric", "metric")},
        refers=False,
    ),
    "guarantee": Rule(
        model.Guarantee,
        {**_ALL_TEXT, "obligated": TEXT, "importance": TEXT, "scope": TEXT, "values": READ},
        {
            "variable": Child("variable", "variable", required=True),
            "business": Child("business", "business", many=True, counter="values"),
        },
        refers=False,
    ),
    "business": Rule(
        model.Business,
        {**_ALL_TEXT, "description": READ, "nature": Attr(Kind.NATURE), "type": TEXT, "expression": TEXT},
        refers=False,
    ),
    "metric": Rule(
        model.Metric,
        {
            "name": Attr(required=True),
            "units": TEXT,
            "period": Attr(Kind.SECONDS),
            "samples": Attr(Kind.SAMPLES),
            "expression": TEXT,
            **_DECORATION,
        },
    ),
}
ROOTS = ("manifest", "agreement")
# cords.md 1.1 and 8.5: one grammar under several namespaces, matched by local name.
NAMESPACES = frozenset(
    {
        "",
        "http://www.compatibleone.fr/schemes/manifest.xsd",
        "http://www.compatibleone.fr/schemes/cords.xsd",
        "http://www.compatibleone.fr/schemes/slam.xsd",
        "file:///tmp/manifest.xsd",
    }
)
