"""The rules of manifests: nodes, what they want and what is done with them (cords.md 1.3).

Ours, beside the historic attributes: `zone`, `key`, `apart`, `together`, `address`, `aetitle` and `certificate` of a
node, `mountpoint` and `retain` of a volume, a port whose `range` is a node's name, the elements `input` and `output`.
"""

from __future__ import annotations

from collections.abc import Mapping

from manifests import model
from manifests.grammar.kinds import Kind
from manifests.grammar.rules import DECORATION, LABEL, NAMED, TEXT, Attr, Child, Refers, Rule, name, texts, unread

_DESCRIBED = {"description": Attr(Kind.SCRIPT)}
_ACTIONS = {"action": Child("action", "actions", many=True, counter="actions")}
_SAID = {"type": Attr(Kind.LANGUAGE), "expression": Attr(Kind.EXPRESSION, required=True), **DECORATION}
_PORTS = {"port": Child("port", "ports", many=True)}

_DOCUMENT: Mapping[str, Rule] = {
    "manifest": Rule(
        model.Manifest,
        {"name": NAMED, "zone": TEXT, "key": Attr(Kind.NAME), **_DESCRIBED, **unread("plan", "nodes"), **DECORATION},
        {
            "node": Child("node", "nodes", many=True, counter="nodes"),
            "configuration": Child("phase", "configuration"),
            "release": Child("phase", "release"),
            "interface": Child("interface", "interface"),
            "security": Child("security", "security"),
            "account": Child("payer", "account"),
            "input": Child("input", "inputs", many=True),
            "output": Child("output", "outputs", many=True),
        },
    ),
    "node": Rule(
        model.Node,
        {
            "name": Attr(Kind.NAME, required=True),
            **texts("type", "category", "provider", "operator", "profile", "zone", "access", "scope"),
            "key": Attr(Kind.NAME),
            "address": Attr(Kind.ADDRESS),
            "aetitle": Attr(Kind.AETITLE),
            "certificate": Attr(Kind.CERTIFICATE),
            "apart": Attr(Kind.NAME),
            "together": Attr(Kind.NAME),
            **unread("entry", "common", "firewall", "cordscript"),
            **DECORATION,
        },
        {
            "infrastructure": Child("infrastructure", "infrastructure"),
            "image": Child("image", "image"),
        },
        Refers.LIBRARY,
    ),
    # Alone: an empty configuration is how documents say that there is nothing to do (cords.md 8.9).
    "phase": Rule(model.Phase, {"name": LABEL, **unread("actions"), **DECORATION}, _ACTIONS, Refers.ALONE),
    "interface": Rule(
        model.Phase,
        {"name": LABEL, **unread("actions"), **DECORATION},
        {"action": Child("method", "actions", many=True, counter="actions")},
        Refers.ALONE,
    ),
    "action": Rule(model.Action, {"name": LABEL, **_SAID}),
    "method": Rule(model.Action, {"name": Attr(Kind.NAME, required=True), **_SAID}),
    "security": Rule(model.Security, {"name": LABEL, "level": TEXT, "scheme": TEXT, **DECORATION}, refers=Refers.ALONE),
    "payer": Rule(
        name,
        {"name": NAMED, **unread("number", "date", "security", "legal", "nature", "invoicing", "users"), **DECORATION},
        {"user": Child("user", "users", many=True, counter="users")},
    ),
    "input": Rule(
        model.Input,
        {
            "name": Attr(Kind.NAME, required=True),
            "type": Attr(Kind.INPUT),
            "default": TEXT,
            "allowed": Attr(Kind.WORDS),
            "secret": Attr(Kind.FLAG),
            **_DESCRIBED,
            **DECORATION,
        },
    ),
    "output": Rule(
        model.Output,
        {
            "name": Attr(Kind.NAME, required=True),
            "value": Attr(Kind.PROPERTY, required=True),
            **_DESCRIBED,
            **DECORATION,
        },
    ),
}

_INFRASTRUCTURE: Mapping[str, Rule] = {
    "infrastructure": Rule(
        model.Infrastructure,
        {"name": LABEL, **DECORATION},
        {
            "compute": Child("compute", "compute"),
            "network": Child("network", "network"),
            "storage": Child("storage", "storage"),
        },
        Refers.NEEDED,
    ),
    "compute": Rule(
        model.Compute,
        {
            "name": LABEL,
            "architecture": TEXT,
            "cores": Attr(Kind.CORES),
            "speed": Attr(Kind.SPEED),
            "memory": Attr(Kind.SIZE),
            "hostname": Attr(Kind.HOST),
            **DECORATION,
        },
        refers=Refers.NEEDED,
    ),
    "network": Rule(
        model.Network,
        {"name": Attr(Kind.NAME), "label": TEXT, "vlan": TEXT, **DECORATION},
        {**_PORTS, "endpoint": Child("endpoint", "endpoints", many=True)},
        Refers.ALONE,
    ),
    "endpoint": Rule(
        model.Endpoint,
        {"name": LABEL, **texts("label", "dns", "subnet", "range"), **unread("description"), **DECORATION},
        _PORTS,
        Refers.ALONE,
    ),
    "port": Rule(
        model.Port,
        {
            "name": LABEL,
            "protocol": Attr(Kind.PROTOCOL),
            "from": Attr(Kind.PORT, "from_port"),
            "to": Attr(Kind.PORT, "to_port"),
            "range": Attr(Kind.RANGE, "source"),
            "direction": Attr(Kind.DIRECTION),
            "number": Attr(Kind.PORT, "from_port", historic="from and to"),
            **unread("description", "target"),
            **DECORATION,
        },
        refers=Refers.ALONE,
    ),
    "storage": Rule(
        model.Storage,
        {"name": LABEL, "size": Attr(Kind.SIZE), "type": TEXT, **DECORATION},
        {"volume": Child("volume", "volumes", many=True)},
        Refers.NEEDED,
    ),
    "volume": Rule(
        model.Volume,
        {
            "name": Attr(Kind.NAME, required=True),
            "size": Attr(Kind.SIZE, required=True),
            "type": TEXT,
            "mountpoint": Attr(Kind.PATH),
            "retain": Attr(Kind.FLAG),
            **DECORATION,
        },
        refers=Refers.ALONE,
    ),
}

_IMAGE: Mapping[str, Rule] = {
    "image": Rule(
        model.Image,
        {"name": LABEL, "agent": TEXT, **unread("price", "vm", "packages", "created", "updated"), **DECORATION},
        {"system": Child("system", "system"), "package": Child("package", "packages", many=True, counter="packages")},
        Refers.NEEDED,
    ),
    "system": Rule(
        model.System,
        {
            **texts("name", "version", "distribution", "architecture", "description"),
            **unread("constraint", "requirement", "price", "license"),
            **DECORATION,
        },
        refers=Refers.ALONE,
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
            **unread("description", "constraint", "requirements", "price", "license", "nature"),
            **DECORATION,
        },
        _PORTS,
        Refers.ALONE,
    ),
}

RULES: Mapping[str, Rule] = {**_DOCUMENT, **_INFRASTRUCTURE, **_IMAGE}
