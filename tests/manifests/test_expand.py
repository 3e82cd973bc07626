"""Manifests inside manifests: what becomes of nodes, paths, values and phases when they are taken apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from manifests import Manifest, Node, Offer, Plan, Ref, expand, invoke, place, plan, release
from manifests.model import Action, Phase, Property, Statement
from manifests.planning.expand import MOST_NODES

Parsed = Callable[[str | bytes], Manifest]
Planned = Callable[[Manifest], Plan]

RING = (
    '<manifest name="ring" zone="here"><node name="seed"><infrastructure><network name="lan">'
    '<port name="gossip" from="7000" range="peer"/></network></infrastructure></node>'
    '<node name="peer" provider="any"/>'
    "<configuration><action expression=\"peer.configure(seed.hostname, seed.password); seed.system('mark');\"/>"
    "</configuration><release><action expression=\"peer.kill('ringd');\"/></release>"
    "<interface><action name='repair' expression=\"peer.system('repair $1');\"/></interface></manifest>"
)
ALONE = '<manifest name="alone"><node name="only"/></manifest>'


def nested(parsed: Parsed, outer: str, **inner: str | Manifest) -> Manifest:
    """The outer document with manifests in place of the types that its nodes name."""
    whole = parsed(outer)
    known = {name: parsed(text) if isinstance(text, str) else text for name, text in inner.items()}
    return replace(whole, nodes=tuple(replace(node, nested=known.get(node.type)) for node in whole.nodes))


def wiki(parsed: Parsed, expression: str, attributes: str = "") -> Manifest:
    text = (
        f'<manifest name="wiki"><node name="web"/><node name="r0" type="ring" {attributes}/>'
        f'<node name="r1" type="ring"/><node name="db" type="alone"/>'
        f'<configuration><action expression="{expression}"/></configuration></manifest>'
    )
    return nested(parsed, text, ring=RING, alone=ALONE)


def test_a_simple_manifest_is_itself(parsed: Parsed) -> None:
    manifest = parsed(ALONE)
    assert expand(manifest) is manifest


def test_the_nodes_of_a_complex_node_are_called_by_their_path(parsed: Parsed) -> None:
    found = expand(wiki(parsed, "web.configure(r0.seed.hostname);"))
    assert [node.name for node in found.nodes] == ["web", "r0/seed", "r0/peer", "r1/seed", "r1/peer", "db/only"]
    assert expand(found) == found


def test_a_value_arrives_as_the_manifest_that_passes_it_writes_it(parsed: Parsed, planned: Planned) -> None:
    made = planned(wiki(parsed, "web.configure(r0.seed.hostname, db.address);"))
    told = {step.id: (step.inputs["symbol"], step.inputs["value"]) for step in made.steps if step.verb == "configure"}
    assert told["web.0.configure.r0.seed.hostname"] == ("r0_seed_hostname", Ref("r0/seed.0.machine", "hostname"))
    assert told["web.0.configure.db.address"] == ("db_address", Ref("db/only.0.machine", "address"))
    assert told["r1/peer.0.configure.seed.hostname"] == ("seed_hostname", Ref("r1/seed.0.machine", "hostname"))
    password = Ref("r1/seed.0.secret.password", "value", secret=True)
    assert told["r1/peer.0.configure.seed.password"] == ("seed_password", password)
    assert "r0/seed.0.ready" in made.step("web.0.configure.r0.seed.hostname").needs


def test_inner_nodes_are_told_first_what_their_own_manifest_says(parsed: Parsed, planned: Planned) -> None:
    made = planned(wiki(parsed, "r0.seed.system('join');"))
    assert [made.step(f"r0/seed.0.run.{i}").inputs["script"] for i in (0, 1)] == ["mark", "join"]


def test_a_path_to_a_complex_node_of_one_means_that_one(parsed: Parsed, planned: Planned) -> None:
    made = planned(wiki(parsed, "db.system('x'); db.configure(web.hostname);"))
    assert made.step("db/only.0.run.0").inputs["script"] == "x"
    assert made.step("db/only.0.configure.web.hostname").inputs["symbol"] == "web_hostname"


def test_a_method_of_the_inner_manifest_is_what_its_statements_say(parsed: Parsed, planned: Planned) -> None:
    made = planned(wiki(parsed, "r0.repair('all');"))
    assert made.step("r0/peer.0.run.0").inputs["script"] == "set -- all\nrepair $1"


def test_methods_of_inner_manifests_can_be_asked_for(parsed: Parsed, planned: Planned) -> None:
    deploy = planned(wiki(parsed, "web.system('x');"))
    assert sorted(deploy.interface) == ["r0.repair", "r1.repair"]
    made = invoke(deploy, {"r1/peer.0.machine": {"id": "i-1"}}, "r1.repair", ["now"])
    assert [(step.id, step.inputs["script"]) for step in made.steps] == [
        ("r1/peer.0.invoke.r1.repair.0", "set -- now\nrepair $1")
    ]


def test_ports_let_in_the_nodes_of_their_own_manifest(parsed: Parsed, planned: Planned) -> None:
    made = planned(wiki(parsed, "web.system('x');"))
    for ring in ("r0", "r1"):
        rules = made.step(f"{ring}/seed.0.firewall").inputs["rules"]
        assert rules == ({"protocol": "tcp", "from": 7000, "to": 7000, "source": f"node:{ring}/peer"},)


def test_inner_nodes_inherit_where_they_do_not_say_it_themselves(parsed: Parsed) -> None:
    found = expand(wiki(parsed, "web.system('x');", 'provider="local" operator="acme" profile="p"'))
    seed, other = found.node("r0/seed"), found.node("r1/seed")
    assert (seed.provider, seed.operator, seed.profile, seed.zone) == ("local", "acme", "p", "here")
    assert (other.provider, other.operator, other.profile, other.zone) == ("any", "any", None, "here")


def test_host_names_are_short_enough_at_any_depth(parsed: Parsed, planned: Planned) -> None:
    inner: Manifest = parsed(ALONE)
    for depth in range(12):
        inner = Manifest(f"m{depth}", (Node(f"level-{depth:03}", type=inner.name, nested=inner),))
    made = planned(inner)
    (machine,) = [step for step in made.steps if step.subject.startswith("machine/")]
    hostname = str(machine.inputs["hostname"])
    assert machine.id.count("/") == 12
    assert len(hostname) <= 63 and hostname.startswith("level-011-level-010-")


def test_release_tells_inner_nodes_too_and_gives_everything_back(parsed: Parsed, planned: Planned) -> None:
    deploy = planned(wiki(parsed, "web.configure(r0.seed.hostname);"))
    made = {step.id: {"id": step.id, "value": "secret:1"} for step in deploy.steps}
    back = release(deploy, made)
    assert {step.id for step in back.steps if step.verb == "kill"} == {
        "r0/peer.0.release.0",
        "r1/peer.0.release.0",
    }
    assert "web.0.machine.delete" in back.step("r0/seed.0.machine.delete").needs
    given = sorted(str(step.inputs["token_step"]) for step in back.steps if step.verb in ("delete", "forget"))
    assert given == sorted(step.id for step in deploy.steps if step.verb in ("create", "generate"))


def test_more_nodes_than_a_service_can_have_are_counted_and_not_made(local: Offer) -> None:
    """Ten of ten of ten, seven deep: counted without being made."""
    inner = Manifest("m", (Node("a"),))
    for depth in range(7):
        inner = Manifest(f"m{depth}", tuple(Node(f"n{i}", type=inner.name, nested=inner) for i in range(10)))
    placed = place(inner, [local], now=0, max_age=1, providers=["local"])
    assert [d.code for d in placed.diagnostics] == ["too-many-nodes"]
    assert f"{10**7} nodes" in placed.diagnostics[0].summary and str(MOST_NODES) in placed.diagnostics[0].summary


def test_a_manifest_of_no_nodes_is_no_node(local: Offer) -> None:
    empty = Manifest("m", (Node("a", type="none", nested=Manifest("none")),))
    placed = place(empty, [local], now=0, max_age=1, providers=["local"])
    assert not placed.placements
    assert not plan(empty, ()).diagnostics


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> Manifest:
    """Manifests of manifests, each with names of its own level."""
    nodes = []
    for index in range(draw(st.integers(1, 3))):
        inner = draw(trees(depth=depth - 1)) if depth and draw(st.booleans()) else None
        nodes.append(Node(f"n{index}", type=inner.name if inner else "simple", nested=inner))
    return Manifest(f"d{depth}", tuple(nodes))


@settings(deadline=None)
@given(trees(), st.data())
def test_permuting_nodes_at_every_depth_leaves_the_plan_as_it_is(
    planned: Planned, tree: Manifest, data: st.DataObject
) -> None:
    def shuffled(one: Manifest) -> Manifest:
        nodes = [replace(node, nested=shuffled(node.nested)) if node.nested else node for node in one.nodes]
        return replace(one, nodes=tuple(data.draw(st.permutations(nodes))))

    one, other = planned(tree), planned(shuffled(tree))
    assert one == other
    assert one.hash == other.hash
    assert one.listing() == other.listing()


@settings(deadline=None)
@given(trees())
def test_renaming_a_complex_node_renames_what_is_in_it_and_nothing_else(planned: Planned, tree: Manifest) -> None:
    """`n0` is no part of any other word that a plan holds."""
    first, *rest = tree.nodes
    renamed = replace(tree, nodes=(replace(first, name="zz"), *rest))
    before, after = planned(tree), planned(renamed)
    moved = {step.id: step.id.replace("n0", "zz", 1) if step.id.startswith("n0") else step.id for step in before.steps}
    assert sorted(moved.values()) == sorted(step.id for step in after.steps)
    for step in before.steps:
        again = after.step(moved[step.id])
        assert sorted(moved[need] for need in step.needs) == list(again.needs)


@settings(deadline=None)
@given(st.sets(st.tuples(st.integers(0, 2), st.integers(1, 3)).filter(lambda edge: edge[0] < edge[1])), st.data())
def test_each_configure_that_is_removed_removes_exactly_its_edge_in_every_copy(
    planned: Planned, wires: set[tuple[int, int]], data: st.DataObject
) -> None:
    """A manifest that is two nodes of another: what its statements join is joined in both, and nowhere else."""
    if not wires:
        return
    gone = data.draw(st.sampled_from(sorted(wires)))
    before, after = planned(twice(wires)), planned(twice(wires - {gone}))
    lost = {f"{outer}/n{gone[0]}.0.configure.n{gone[1]}.hostname" for outer in ("a", "b")}
    assert {step.id for step in before.steps} - {step.id for step in after.steps} == lost
    edges = {(step.id, need) for step in before.steps if step.verb == "configure" for need in step.needs}
    assert edges - {edge for edge in edges if edge[0] in lost} == {
        (step.id, need) for step in after.steps if step.verb == "configure" for need in step.needs
    }
    assert all(id.partition("/")[0] == need.partition("/")[0] for id, need in edges)


def twice(wires: set[tuple[int, int]]) -> Manifest:
    statements = tuple(Statement(f"n{a}", "configure", (Property(f"n{b}", "hostname"),)) for a, b in sorted(wires))
    phase = Phase("c", (Action("", "cordscript", "", statements),))
    inner = Manifest("inner", tuple(Node(f"n{i}") for i in range(4)), phase)
    return Manifest("outer", tuple(Node(name, type="inner", nested=inner) for name in ("a", "b")))
