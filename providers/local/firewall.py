"""Who may talk to whom, as one nftables ruleset generated from what is on disk and put in place in one transaction.

Two tables of our own; nobody else's are touched. `inet`: nodes reach each other through this machine, so `forward` sees
all traffic between them with connection tracking, `output` this machine's own, `input` what nodes send to it. `bridge`:
has no connection tracking everywhere, and needs none: it pins each port to its MAC and address, and lets no frame pass
from port to port, so that everything goes by the `inet` table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, ip_network

from providers.groups import scope
from providers.local import names
from providers.local.programs import Deadline, run
from providers.local.site import Site
from providers.local.things import NODE, Firewall, Machine, Things
from providers.protocol import Rule

# A rule's protocol -> how nft says it; `{ports}` is what follows where the protocol has ports.
PROTOCOLS = {"tcp": "tcp", "udp": "udp", "icmp": "icmp", "any": "", "all": ""}
WITH_PORTS = frozenset({"tcp", "udp"})

BRIDGE_TABLE = """\
add table bridge {table}
delete table bridge {table}
table bridge {table} {{
  set pins {{
    type ifname . ether_addr . ipv4_addr
    {pins}
  }}
  chain from_ports {{
    type filter hook prerouting priority -300; policy accept;
    iifname != "{ports}*" accept
    iifname . ether saddr . ip saddr @pins accept
    iifname . ether saddr . arp saddr ip @pins accept
    drop
  }}
  chain between_ports {{
    type filter hook forward priority -200; policy accept;
    iifname "{ports}*" oifname "{ports}*" drop
  }}
}}
"""

INET_TABLE = """\
add table inet {table}
delete table inet {table}
table inet {table} {{
  set bridges {{
    type ifname
    elements = {{ {bridges} }}
  }}
  set networks {{
    type ipv4_addr; flags interval
    elements = {{ {networks} }}
  }}
  set gateways {{
    type ipv4_addr
    elements = {{ {gateways} }}
  }}
{sets}{chains}  chain inwards {{
    ct state established,related accept
    icmp type echo-request accept
    ip daddr vmap {{ {nodes} }}
    drop
  }}
  chain forwarded {{
    type filter hook forward priority 0; policy accept;
    iifname != @bridges ip saddr @networks drop
    oifname @bridges jump inwards
  }}
  chain from_this_machine {{
    type filter hook output priority 0; policy accept;
    oifname @bridges icmp type redirect drop
    oifname @bridges ip saddr @networks ip saddr != @gateways drop
    oifname @bridges jump inwards
  }}
  chain to_this_machine {{
    type filter hook input priority 0; policy accept;
    iifname != @bridges accept
    ct state established,related accept
    ip daddr {door_address} tcp dport {door_port} accept
    drop
  }}
  chain outwards {{
    type nat hook postrouting priority 100; policy accept;
    ip saddr @networks oifname != @bridges masquerade
  }}
}}
"""


def ruleset(site: Site, things: Things) -> str:
    """All that nft is told: without networks, only to forget our tables."""
    families = ("inet", "bridge")
    if not things.networks:
        return "".join(f"add table {family} {site.table}\ndelete table {family} {site.table}\n" for family in families)
    guarded = [machine for machine in things.machines.values() if machine.spec.firewall in things.firewalls]
    networks = [IPv4Network(network.cidr) for network in things.networks.values()]
    bridges = _list(f'"{id}"' for id in things.networks)
    inet = INET_TABLE.format(
        table=site.table,
        bridges=bridges,
        networks=_list(map(str, networks)),
        gateways=_list(str(network[1]) for network in networks),
        sets="".join(_set(things, firewall) for firewall in things.firewalls.values()),
        chains="".join(_chain(firewall) for firewall in things.firewalls.values()),
        nodes=_list(_jumps(guarded)) or "0.0.0.0 : drop",
        door_address=site.door_address,
        door_port=site.door_port,
    )
    pins = _list(_pins(things.machines.values()))
    return inet + BRIDGE_TABLE.format(
        table=site.table, ports=names.ports(site.prefix), pins=f"elements = {{ {pins} }}" if pins else ""
    )


def apply(site: Site, things: Things, deadline: Deadline) -> None:
    """Put the ruleset in place. Connections that are established stay so: tracking is the kernel's, not the table's."""
    run(["nft", "-f", "-"], deadline, text=ruleset(site, things))


def _set(things: Things, firewall: Firewall) -> str:
    return "".join(
        f"  set {_name(firewall, index)} {{\n    type ipv4_addr\n{_members(things, firewall, rule)}  }}\n"
        for index, rule in _of_nodes(firewall)
    )


def _members(things: Things, firewall: Firewall, rule: Rule) -> str:
    """The addresses of the machines that `node:<name>` means: that node's, of the firewall's own scope."""
    wanted, own = rule.source.removeprefix("node:"), scope(firewall.tags)
    found = _list(
        port.address
        for machine in things.machines.values()
        if machine.tags.get(NODE) == wanted and scope(machine.tags) == own
        for port in machine.ports
    )
    return f"    elements = {{ {found} }}\n" if found else ""


def _of_nodes(firewall: Firewall) -> Iterator[tuple[int, Rule]]:
    return ((i, rule) for i, rule in enumerate(firewall.spec.rules) if rule.source.startswith("node:"))


def _name(firewall: Firewall, index: int) -> str:
    return f"{firewall.id}_{index}"


def _chain(firewall: Firewall) -> str:
    rules = "".join(f"    {_rule(firewall, i, rule)}\n" for i, rule in enumerate(firewall.spec.rules) if _is_here(rule))
    return f"  chain {firewall.id} {{\n{rules}  }}\n"


def _is_here(rule: Rule) -> bool:
    """Nodes have no IPv6 address: a rule about IPv6 sources lets nobody in."""
    return rule.source.startswith("node:") or ip_network(rule.source, strict=False).version == 4


def _rule(firewall: Firewall, index: int, rule: Rule) -> str:
    node = rule.source.startswith("node:")
    source = f"@{_name(firewall, index)}" if node else str(ip_network(rule.source, strict=False))
    protocol = PROTOCOLS[rule.protocol.lower()]
    if protocol in WITH_PORTS and rule.to_port:
        return f"ip saddr {source} {protocol} dport {rule.from_port}-{rule.to_port} accept"
    return f"ip saddr {source} {f'meta l4proto {protocol} ' if protocol else ''}accept"


def _jumps(machines: Iterable[Machine]) -> Iterator[str]:
    return (f"{port.address} : jump {machine.spec.firewall}" for machine in machines for port in machine.ports)


def _pins(machines: Iterable[Machine]) -> Iterator[str]:
    return (f'"{port.device}" . {port.mac} . {port.address}' for machine in machines for port in machine.ports)


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)
