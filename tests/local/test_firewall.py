from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.errors import Refused
from providers.local.firewall import ruleset
from providers.local.site import Site
from providers.local.things import NODE, Firewall, Machine, Network, Port, Things
from providers.protocol import FirewallSpec, MachineSpec, NetworkSpec, Rule
from providers.rules import check

SITE = Site.of("local", {})
SERVICE = "accords-service"
LAN = Network("accnlan", "n", {}, NetworkSpec("lan"), "10.199.0.0/24")


def guard(*rules: Rule) -> Firewall:
    return Firewall("accfdb", "f", {SERVICE: "s1"}, FirewallSpec("db", rules))


def node(name: str, number: int, service: str = "s1", firewall: str | None = None) -> Machine:
    spec = MachineSpec(name, name, "linux", networks=(LAN.id,), firewall=firewall)
    port = Port(LAN.id, f"accm{name}0", f"02:00:00:00:00:{number:02x}", f"10.199.0.{number}")
    return Machine(f"accm{name}", name, {NODE: name, SERVICE: service}, spec, (port,))


def things(firewall: Firewall, *machines: Machine) -> Things:
    return Things({LAN.id: LAN}, {firewall.id: firewall}, {}, {machine.id: machine for machine in machines})


def lines(found: Things) -> list[str]:
    return [line.strip() for line in ruleset(SITE, found).splitlines()]


def test_without_networks_our_tables_are_forgotten_and_nobody_elses() -> None:
    assert ruleset(SITE, Things()).splitlines() == [
        "add table inet accords_acc",
        "delete table inet accords_acc",
        "add table bridge accords_acc",
        "delete table bridge accords_acc",
    ]


def test_a_rule_lets_in_what_it_says() -> None:
    found = lines(
        things(guard(Rule("tcp", 80, 90, "10.0.0.0/8"), Rule("udp", 0, 0, "0.0.0.0/0"), Rule("any", 0, 0, "10.1.1.1")))
    )
    assert "ip saddr 10.0.0.0/8 tcp dport 80-90 accept" in found
    assert "ip saddr 0.0.0.0/0 meta l4proto udp accept" in found
    assert "ip saddr 10.1.1.1/32 accept" in found


def test_a_node_as_source_is_the_addresses_of_that_node_in_the_same_service() -> None:
    guarded = guard(Rule("tcp", 5432, 5432, "node:pacs"))
    found = lines(things(guarded, node("pacs", 11), replace(node("pacs", 12, "s2"), id="accmother"), node("third", 13)))
    at = found.index("set accfdb_0 {")
    assert found[at + 2] == "elements = { 10.199.0.11 }"
    assert "ip saddr @accfdb_0 tcp dport 5432-5432 accept" in found


def test_a_node_that_does_not_exist_yet_lets_nobody_in() -> None:
    found = lines(things(guard(Rule("tcp", 5432, 5432, "node:pacs")), node("third", 13)))
    at = found.index("set accfdb_0 {")
    assert found[at : at + 3] == ["set accfdb_0 {", "type ipv4_addr", "}"]


def test_only_a_node_with_a_firewall_is_in_the_map_and_all_else_is_dropped() -> None:
    found = lines(things(guard(), node("db", 10, firewall="accfdb"), node("third", 13)))
    at = found.index("ip daddr vmap { 10.199.0.10 : jump accfdb }")
    assert found[at + 1] == "drop"


def test_every_port_is_pinned_to_its_address() -> None:
    found = lines(things(guard(), node("db", 10), node("third", 13)))
    pins = '"accmdb0" . 02:00:00:00:00:0a . 10.199.0.10, "accmthird0" . 02:00:00:00:00:0d . 10.199.0.13'
    assert f"elements = {{ {pins} }}" in found


def test_this_machine_is_under_the_nodes_rules_too() -> None:
    found = lines(things(guard(), node("db", 10)))
    at = found.index("chain from_this_machine {")
    assert "oifname @bridges jump inwards" in found[at : at + 5]


def test_a_rule_for_ipv6_sources_lets_nobody_in() -> None:
    assert not [line for line in lines(things(guard(Rule("tcp", 1, 1, "::/0")))) if "::/0" in line]


@pytest.mark.parametrize(
    "rule",
    [
        Rule("gre", 0, 0, "0.0.0.0/0"),
        Rule("tcp", 5, 1, "0.0.0.0/0"),
        Rule("tcp", 1, 70000, "0.0.0.0/0"),
        Rule("tcp", 1, 1, "here"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(rule: Rule) -> None:
    with pytest.raises(Refused):
        check(rule)


@given(
    st.lists(
        st.builds(
            Rule,
            st.sampled_from(["tcp", "UDP", "icmp", "any"]),
            st.integers(0, 100),
            st.integers(100, 65535),
            st.one_of(st.ip_addresses().map(str), st.text().map("node:{}".format)),
        ),
        max_size=5,
    )
)
def test_no_name_of_a_node_gets_into_the_ruleset(rules: list[Rule]) -> None:
    """It could carry words of nft's language."""
    found = ruleset(SITE, things(guard(*rules), node("db", 10, firewall="accfdb")))
    assert "node:" not in found
    assert found.count("{") == found.count("}")
