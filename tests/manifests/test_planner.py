"""What a plan holds for each thing a document can say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from manifests import Manifest, Node, Offer, Plan, Ref, place, plan

Parsed = Callable[[str | bytes], Manifest]
Planned = Callable[[Manifest], Plan]


def document(nodes: str, expression: str = "") -> str:
    act = f'<configuration><action expression="{expression}"/></configuration>' if expression else ""
    return f'<manifest name="m">{nodes}{act}</manifest>'


def on(offer: Offer, manifest: Manifest) -> Plan:
    made = plan(manifest, place(manifest, [offer], now=0, max_age=1, providers=[offer.provider]).placements).plan
    assert made
    return made


def verbs(made: Plan) -> list[str]:
    return [step.id for step in made.steps]


def test_a_node_alone_is_a_network_a_firewall_a_machine_and_its_agent(parsed: Parsed, planned: Planned) -> None:
    made = planned(parsed(document('<node name="a"/>')))
    assert verbs(made) == ["local.lan", "a.0.firewall", "a.0.machine", "a.0.agent", "a.0.ready"]
    inputs = made.step("a.0.machine").inputs
    assert inputs == {
        "name": "a", "hostname": "a", "image": "debian-12",
        "size": None, "cores": 1, "memory": 512 * 1024**2, "disk": 0,
        "network": Ref("local.lan", "id"), "firewall": Ref("a.0.firewall", "id"), "volumes": (), "packages": (),
        "public": False, "agent": True, "zone": "here",
    }  # fmt: skip


def test_an_image_without_an_agent_has_none_to_wait_for(parsed: Parsed, planned: Planned) -> None:
    made = planned(parsed(document('<node name="a"><image agent="none"/></node>')))
    assert verbs(made) == ["local.lan", "a.0.firewall", "a.0.machine", "a.0.ready"]
    assert made.step("a.0.machine").inputs["agent"] is False


def test_volumes_that_are_devices_are_mounted_before_anything_else_is_told_outer_folders_first(
    parsed: Parsed, local: Offer
) -> None:
    volume = '<volume name="{}" size="1G" mountpoint="{}"/>'
    volumes = f'<storage name="s">{volume.format("a", "/srv/x/y")}{volume.format("b", "/srv/x")}</storage>'
    package = '<image><package name="p" installation="make"/></image>'
    manifest = parsed(document(f'<node name="n"><infrastructure>{volumes}</infrastructure>{package}</node>'))
    assert not [step for step in on(local, manifest).steps if step.verb == "mount"]
    made = on(replace(local, abilities=(*local.abilities, "devices")), manifest)
    told = [step for step in made.steps if step.verb in ("mount", "install")]
    assert [step.id for step in told] == ["n.0.mount.b", "n.0.mount.a", "n.0.install.p"]
    assert [step.needs[0] for step in told] == ["n.0.agent", "n.0.machine", "n.0.machine"]
    assert told[0].inputs == {
        "machine": Ref("n.0.machine", "id"), "volume": Ref("n.0.volume.b", "id"),
        "devices": Ref("n.0.machine", "devices"), "mountpoint": "/srv/x",
    }  # fmt: skip


def test_packages_go_into_the_image_where_the_driver_can_and_are_installed_otherwise(
    parsed: Parsed, local: Offer
) -> None:
    packages = '<package name="p"/><package name="q" installation="make"/><package name="r"/>'
    manifest = parsed(document(f'<node name="a"><image>{packages}</image></node>'))
    layered = on(local, manifest)
    assert layered.step("a.0.machine").inputs["packages"] == ("p", "r")
    assert [step.id for step in layered.steps if step.verb == "install"] == ["a.0.install.q"]
    installed = on(replace(local, abilities=("firewalls", "volumes")), manifest)
    assert installed.step("a.0.machine").inputs["packages"] == ()
    steps = [step for step in installed.steps if step.verb == "install"]
    assert [step.inputs.get("packages") or step.inputs.get("script") for step in steps] == [("p",), "make", ("r",)]
    assert [step.needs for step in steps] == [
        ("a.0.agent", "a.0.machine"),
        ("a.0.install.p", "a.0.machine"),
        ("a.0.install.q", "a.0.machine"),
    ]


def test_instructions_are_carried_without_an_agent_where_the_provider_carries_them(
    parsed: Parsed, local: Offer
) -> None:
    made = on(replace(local, delivery="direct"), parsed(document('<node name="a"/>', "a.system('x');")))
    assert "a.0.agent" not in verbs(made)
    assert made.step("a.0.run.0").needs == ("a.0.machine",)


def test_commands_of_a_node_follow_each_other_and_its_values(parsed: Parsed, planned: Planned) -> None:
    made = planned(
        parsed(
            document(
                '<node name="a"/><node name="b"/>', "a.system('x'); a.configure(b.hostname); a.kill('y'); a.fork('z');"
            )
        )
    )
    assert made.step("a.0.run.0").needs == ("a.0.configure.b.hostname", "a.0.machine")
    assert [(s.verb, s.inputs.get("script") or s.inputs.get("process")) for s in made.steps if ".run." in s.id] == [
        ("run", "x"), ("kill", "y"), ("fork", "z"),
    ]  # fmt: skip
    assert made.step("a.0.ready").needs == ("a.0.machine", "a.0.run.2")


def test_a_value_arrives_under_the_historic_variable(parsed: Parsed, planned: Planned) -> None:
    nodes = '<node name="a"/><node name="accords:db-1"/>'
    made = planned(
        parsed(document(nodes, "a.configure(accords:db-1.hostname, accords:db-1.reference); a.colour = 'red';"))
    )
    found = {step.id: (step.inputs["symbol"], step.inputs["value"]) for step in made.steps if step.verb == "configure"}
    assert found == {
        "a.0.configure.accords:db-1.hostname": ("accords_db_1_hostname", Ref("accords:db-1.0.machine", "hostname")),
        "a.0.configure.accords:db-1.reference": ("accords_db_1_reference", Ref("accords:db-1.0.machine", "id")),
        "a.0.configure.self.colour": ("self_colour", "red"),
    }
    assert made.step("accords:db-1.0.machine").inputs["hostname"] == "accords-db-1"


def test_a_nodes_own_property_makes_it_wait_for_nobody(parsed: Parsed, planned: Planned) -> None:
    made = planned(parsed(document('<node name="a"/>', "a.configure(a.password, a.address);")))
    assert made.step("a.0.configure.a.password").needs == ("a.0.agent", "a.0.machine", "a.0.secret.password")
    assert made.step("a.0.configure.a.password").inputs["value"] == Ref("a.0.secret.password", "value", secret=True)


def test_ports_are_rules_that_default_to_closed(parsed: Parsed, planned: Planned) -> None:
    ports = (
        '<port name="p" from="80" to="81"/><port name="q" protocol="udp" to="53" range="10.1.2.3/8"/>'
        '<port name="r" range="b"/><port name="s" from="9" direction="out"/><port name="t" from="80" to="81"/>'
    )
    nodes = (
        f'<node name="a"><infrastructure><network name="dmz">{ports}</network></infrastructure></node><node name="b"/>'
    )
    made = planned(parsed(document(nodes)))
    assert made.step("a.0.firewall").inputs["rules"] == (
        {"protocol": "tcp", "from": 0, "to": 0, "source": "node:b"},
        {"protocol": "tcp", "from": 80, "to": 81, "source": "0.0.0.0/0"},
        {"protocol": "udp", "from": 53, "to": 53, "source": "10.0.0.0/8"},
    )
    assert made.step("b.0.firewall").inputs["rules"] == ()
    assert [s.id for s in made.steps if s.subject.startswith("network/")] == ["local.dmz", "local.lan"]


def test_a_cycle_is_told_with_its_path_and_place(parsed: Parsed, local: Offer) -> None:
    nodes = "".join(f'<node name="{name}"/>' for name in "abcdef")
    edges = ("ab", "bc", "ca", "da", "ef", "fe")
    text = document(nodes, " ".join(f"{target}.configure({source}.hostname);" for target, source in edges))
    manifest = parsed(text)
    made = plan(manifest, place(manifest, [local], now=0, max_age=1, providers=["local"]).placements)
    assert made.plan is None
    assert [d.summary for d in made.diagnostics] == [
        "nodes wait for each other: a -> b -> c -> a",
        "nodes wait for each other: e -> f -> e",
    ]
    assert [d.column - 1 for d in made.diagnostics] == [text.index("a.configure(b"), text.index("e.configure(f")]


def test_a_long_chain_of_nodes_is_planned(parsed: Parsed, planned: Planned) -> None:
    """Longer than Python's stack."""
    nodes = "".join(f'<node name="n{i}"/>' for i in range(1500))
    wires = "".join(f"n{i}.configure(n{i + 1}.hostname);" for i in range(1499))
    made = planned(parsed(document(nodes, wires)))
    assert made.steps[-1].id == "n0.0.ready"


def test_a_manifest_that_nobody_has_here_is_refused_by_name(local: Offer) -> None:
    unknown = Manifest("m", (Node("a", type="other"),))
    placed = place(unknown, [local], now=0, max_age=1, providers=["local"])
    assert [(d.code, d.summary) for d in placed.diagnostics] == [
        ("node-type", "the node a is the manifest other, which nobody has here")
    ]


def test_a_public_node_has_an_address_of_its_own_where_there_are_addresses(parsed: Parsed, local: Offer) -> None:
    cloud = replace(local, abilities=(*local.abilities, "addresses"))
    manifest = parsed(document('<node name="a" access="public"/><node name="b"/>'))
    made = on(cloud, manifest)
    address = made.step("a.0.address")
    assert (address.verb, address.subject, address.provider) == ("create", "address/a.0", "local")
    assert address.inputs == {"name": "a", "machine": Ref("a.0.machine", "id")}
    assert made.step("a.0.machine").inputs["public"] is False
    assert "a.0.address" in made.step("a.0.ready").needs
    assert "b.0.address" not in verbs(made)
    assert on(local, manifest).step("a.0.machine").inputs["public"] is True


def test_a_network_is_what_all_its_nodes_say_of_it(parsed: Parsed, local: Offer) -> None:
    cloud = replace(local, abilities=(*local.abilities, "fixed", "subnets", "vlan"))
    first = '<network name="dmz" vlan="120"><endpoint subnet="10.2.0.0/24" range="10.2.0.9"/></network>'
    second = '<network name="dmz" label="outer"><endpoint subnet="10.1.0.7/24"/></network>'
    nodes = (
        f'<node name="{name}"><infrastructure>{network}</infrastructure></node>'
        for name, network in (("a", first), ("b", second))
    )
    made = on(cloud, parsed(document("".join(nodes))))
    assert made.step("local.dmz").inputs == {
        "name": "dmz", "label": "outer", "cidr": "10.1.0.0/24", "subnets": ("10.2.0.0/24",), "vlan": 120,
    }  # fmt: skip
    assert made.step("a.0.machine").inputs["addresses"] == ("10.2.0.9",)
    assert "addresses" not in made.step("b.0.machine").inputs


def test_a_bandwidth_where_a_number_of_a_vlan_could_be_says_nothing(parsed: Parsed, planned: Planned) -> None:
    for word in ("100M", "true", "0", "4095"):
        text = f'<node name="a"><infrastructure><network name="lan" vlan="{word}"/></infrastructure></node>'
        assert planned(parsed(document(text))).step("local.lan").inputs == {"name": "lan", "label": None}
