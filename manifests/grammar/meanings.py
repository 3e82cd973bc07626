"""What elements and attributes are for, in a line: what an editor shows. Those of CORDS' reference manual in our words.

`element.attribute` is looked for before `attribute`; what has no line is explained by the form of its text.
"""

from __future__ import annotations

from collections.abc import Mapping

from manifests.grammar.kinds import FORMS, Kind
from manifests.grammar.rules import Attr

ELEMENTS: Mapping[str, str] = {
    "manifest": "What a service is made of, and how its parts come to know each other.",
    "node": "One machine of the service, a whole manifest inside this one, or a system outside that is referred to.",
    "infrastructure": "What the node wants to run on. Written empty, with a name: the one of that name elsewhere.",
    "compute": "Cores, memory and architecture of the node.",
    "network": "The network the node is on; nodes that name the same one share it. Without ports nobody gets in.",
    "endpoint": "A named way into the network, with ports of its own.",
    "port": "Who may reach the node, over which protocol.",
    "storage": "The node's own disk, which ends with it, and volumes, which may not.",
    "volume": "Block storage of its own; kept when the service is released unless it says otherwise.",
    "image": "The system of the node and what is put on it.",
    "system": "The operating system.",
    "package": "Software that is installed and configured in the node.",
    "phase": "Actions in the order of what they need of each other.",
    "interface": "Methods that other manifests and `accords invoke` call.",
    "method": "Statements that run when the method of this name is called.",
    "action": "Statements that pass properties between nodes and run commands in them.",
    "security": "The level of security the service asks for.",
    "payer": "The account that the service is for.",
    "input": "What whoever deploys the manifest chooses; `${input.NAME}` stands for it in any value.",
    "output": "A property that is said when the service runs.",
    "agreement": "What was promised about a service, by whom to whom.",
    "terms": "Terms of one type: services, conditions or guarantees.",
    "term": "A service, a condition on its placement, or a guarantee.",
    "mention": "The manifest that the agreement is about.",
    "variable": "A property, compared with a value.",
    "guarantee": "What must hold of a node or of all, and what follows when it does not.",
    "business": "A penalty or a reward.",
    "metric": "A measurement: every how many seconds, in which unit, by which command.",
    "import": "Definitions that other documents refer to by name.",
}
ATTRIBUTES: Mapping[str, str] = {
    "id": "Filled in by the broker.",
    "state": "Filled in by the broker.",
    "name": "Its name; in another place an element with nothing but this name stands for it.",
    "description": "For people.",
    "manifest.name": "The name of the service when it is deployed without another one.",
    "manifest.zone": "Where nodes are placed that do not say it themselves.",
    "manifest.key": "The SSH key of nodes that do not name one themselves.",
    "node.name": "Unique in the manifest; statements and ports name the node by it.",
    "node.type": "`simple`, or the name of another manifest that this node is.",
    "node.category": "What the type is: `manifest`, or a kind of application that a provider takes whole.",
    "node.provider": "A provider of the settings, its driver, or `any`; `external` for a system outside.",
    "node.operator": "Only of this operator, or `any`.",
    "node.profile": "Only with this subscription at the provider: an instance of the settings, by its name.",
    "node.zone": "Only in this zone, or `any`.",
    "node.apart": "A group: its nodes are put into different zones and providers where that can be.",
    "node.together": "A group: its nodes are put into one zone of one provider where that can be.",
    "node.access": "`public` keeps an address that is reached from outside; `private` does not.",
    "node.scope": "`common`: one for all services that name it; `normal`: one for each.",
    "node.key": "The SSH key that may log in: a name of `accords keys`.",
    "node.address": "Where a system outside is reached.",
    "node.aetitle": "The DICOM title of a system outside.",
    "node.certificate": "The certificate, in PEM, of a system outside.",
    "compute.architecture": "Such as x86_64 or arm64.",
    "compute.cores": "At least this many cores.",
    "compute.memory": "At least this much memory: 4G is 4 x 10^9 bytes, 4GiB 4 x 2^30; without a unit it is G.",
    "compute.speed": "A wish, such as 3GHz: no provider promises it.",
    "compute.hostname": "By default it is made of the node's name.",
    "network.label": "A word for people.",
    "network.vlan": "A wish about bandwidth, such as 100M.",
    "port.protocol": "tcp, the default, or udp.",
    "port.from": "The first port; 0 for all.",
    "port.to": "The last port; the first one when absent.",
    "port.range": "Who may: a network such as 10.0.0.0/8, or the name of a node. Everybody when absent.",
    "port.direction": "inout, the default, in, out or none.",
    "storage.size": "The size of the node's own disk.",
    "volume.size": "How large it is: 20G is 20 x 10^9 bytes.",
    "volume.mountpoint": "Where it is in the node; by default /srv/NAME.",
    "volume.retain": "Whether it is kept when the service is released; by default it is.",
    "image.agent": "`cosacs`, the node's own agent, or `none`.",
    "system.name": "An image's exact name or alias, such as debian-12.",
    "system.version": "Such as 12.",
    "system.distribution": "Such as debian.",
    "package.name": "The distribution's package when there is no script to install it.",
    "package.version": "A wish: the distribution's own version is installed.",
    "package.installation": "A shell script that installs it; without one the distribution's package is installed.",
    "package.configuration": "A shell script that runs after the properties the node was told have arrived.",
    "action.type": "cordscript.",
    "action.expression": "Statements: `pacs.configure(db.hostname);`, `db.system('true');`, each with its semicolon.",
    "security.level": "public, the default, protected or private.",
    "security.scheme": "The policy of a level that is not public.",
    "input.type": "What it may be: text, the default, number, flag, size or name.",
    "input.default": "Its value when nobody gives one.",
    "input.allowed": "The values to choose from, with commas between.",
    "input.secret": "Never shown and never in a plan; told to nodes by `node.configure(input.NAME);`.",
    "output.value": "A property such as pacs.address.",
    "agreement.initiator": "Who asks for the service.",
    "agreement.responder": "Who gives it.",
    "agreement.serviceprovider": "Which of the two provides the service: initiator or responder.",
    "agreement.initiation": "From when it holds: now, or seconds since 1970.",
    "agreement.expiration": "Until when it holds: never, or seconds since 1970.",
    "terms.type": "services, conditions or guarantees.",
    "variable.property": "What is compared: a metric, or occi.placement.zone and its like.",
    "variable.condition": "How: eq, ne, gr, ge, ls or le.",
    "variable.value": "With what: 50%, 200, 512M.",
    "guarantee.scope": "A node's name, several with commas between, or any.",
    "guarantee.obligated": "Who owes it: initiator or responder.",
    "business.nature": "penalty, reward or both.",
    "business.expression": "What it is worth.",
    "metric.period": "Seconds between two measurements.",
    "metric.samples": "How many measurements are judged together.",
    "metric.expression": "A command whose output begins with the value.",
}


def element_meaning(rule: str) -> str:
    """A sentence about an element, by its rule's name."""
    return ELEMENTS.get(rule) or f"<{rule}>: checked and kept; nothing acts on it yet."


def attribute_meaning(rule: str, name: str, known: Attr) -> str:
    """A sentence about an attribute; empty where it is only read past."""
    if known.historic:
        return f"Historic: write {known.historic}."
    if known.kind is Kind.READ and f"{rule}.{name}" not in ATTRIBUTES and name not in ATTRIBUTES:
        return ""
    said = ATTRIBUTES.get(f"{rule}.{name}") or ATTRIBUTES.get(name)
    return said or FORMS[known.kind].meaning.capitalize() + "."
