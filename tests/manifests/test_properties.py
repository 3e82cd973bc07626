"""What must hold for every manifest, tried on many."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests import Manifest, Plan, Step, elements, release, step_from_json, step_to_json

Parsed = Callable[[str | bytes], Manifest]
Planned = Callable[[Manifest], Plan]

PROPERTIES = ("hostname", "address", "reference", "password")


@st.composite
def documents(draw: st.DrawFn) -> tuple[dict[str, list[str]], list[tuple[int, int, str]]]:
    """Nodes with their attributes as written, and wires that make no cycle: each only from a later node, or itself."""
    count = draw(st.integers(1, 5))
    nodes = {
        f"n{i}": draw(st.permutations(['access="public"', 'provider="local"', 'zone="here"'])) for i in range(count)
    }
    wire = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1), st.sampled_from(PROPERTIES))
    wires = draw(st.lists(wire.map(lambda w: (min(w[:2]), max(w[:2]), w[2])), max_size=8, unique=True))
    return nodes, wires


def text(nodes: dict[str, list[str]], wires: list[tuple[int, int, str]]) -> str:
    written = "".join(
        f"<node {' '.join([*attributes, chr(32), f'name={chr(34)}{name}{chr(34)}'])}>"
        '<image><package name="p" configuration="true"/></image></node>'
        for name, attributes in nodes.items()
    )
    acts = "".join(f'<action expression="n{a}.configure(n{b}.{prop});"/>' for a, b, prop in wires)
    return f'<manifest name="m">{written}<configuration>{acts}</configuration></manifest>'


@settings(deadline=None)
@given(documents(), st.data())
def test_permuting_nodes_or_attributes_leaves_the_plan_as_it_is(
    parsed: Parsed, planned: Planned, made: tuple[dict[str, list[str]], list[tuple[int, int, str]]], data: st.DataObject
) -> None:
    nodes, wires = made
    order = data.draw(st.permutations(list(nodes)))
    shuffled = {name: data.draw(st.permutations(nodes[name])) for name in order}
    one, other = planned(parsed(text(nodes, wires))), planned(parsed(text(shuffled, wires)))
    assert one == other
    assert one.hash == other.hash
    assert one.listing() == other.listing()


def renamed(step: Step, old: str, new: str) -> Step:
    """The step with one node's name replaced wherever a name stands."""
    spoken = orjson.dumps(step_to_json(step)).decode()
    found = step_from_json(orjson.loads(re.sub(rf"\b{old}\b", new, re.sub(rf"\b{old}_", f"{new}_", spoken))))
    return replace(found, needs=tuple(sorted(found.needs)))


@settings(deadline=None)
@given(documents(), st.data())
def test_renaming_a_node_changes_its_name_and_nothing_else(
    parsed: Parsed, planned: Planned, made: tuple[dict[str, list[str]], list[tuple[int, int, str]]], data: st.DataObject
) -> None:
    nodes, wires = made
    old = data.draw(st.sampled_from(list(nodes)))
    before = planned(parsed(text(nodes, wires)))
    after = planned(parsed(re.sub(rf"\b{old}\b", "aa", text(nodes, wires))))
    expected = {step.id: step for step in (renamed(step, old, "aa") for step in before.steps)}
    assert {step.id: step for step in after.steps} == expected


@settings(deadline=None)
@given(documents(), st.data())
def test_each_configure_that_is_removed_removes_exactly_its_edge(
    parsed: Parsed, planned: Planned, made: tuple[dict[str, list[str]], list[tuple[int, int, str]]], data: st.DataObject
) -> None:
    nodes, wires = made
    if not wires:
        return
    gone = data.draw(st.sampled_from(wires))
    before = planned(parsed(text(nodes, wires)))
    after = planned(parsed(text(nodes, [wire for wire in wires if wire != gone])))
    lost = {f"n{gone[0]}.0.configure.n{gone[1]}.{gone[2]}"}
    if gone[2] == "password" and not any(wire[1:] == gone[1:] for wire in wires if wire != gone):
        lost.add(f"n{gone[1]}.0.secret.password")
    assert {s.id for s in before.steps} - {s.id for s in after.steps} == lost
    edges = {(s.id, need) for s in before.steps if s.verb == "configure" for need in s.needs}
    left = {(s.id, need) for s in after.steps if s.verb == "configure" for need in s.needs}
    assert edges - left == {edge for edge in edges if edge[0] in lost}
    assert left <= edges


@settings(deadline=None)
@given(documents())
def test_a_plan_survives_json_and_keeps_its_promises(
    parsed: Parsed, planned: Planned, made: tuple[dict[str, list[str]], list[tuple[int, int, str]]]
) -> None:
    document = parsed(text(*made))
    plan = planned(document)
    again = replace(plan, steps=tuple(step_from_json(orjson.loads(orjson.dumps(step_to_json(s)))) for s in plan.steps))
    assert again == plan
    assert again.hash == plan.hash
    seen: set[str] = set()
    for step in plan.steps:
        assert seen.issuperset(step.needs), "listed after all it needs"
        seen.add(step.id)
    assert len(elements(document)) == len({item.path for item in elements(document)})


@settings(deadline=None)
@given(documents(), st.data())
def test_whatever_was_made_is_given_back_once(
    parsed: Parsed, planned: Planned, made: tuple[dict[str, list[str]], list[tuple[int, int, str]]], data: st.DataObject
) -> None:
    plan = planned(parsed(text(*made)))
    reached = plan.steps[: data.draw(st.integers(0, len(plan.steps)))]
    results = {step.id: data.draw(st.sampled_from([None, {"id": "x", "value": "secret:1"}])) for step in reached}
    given_back = [s.inputs["token_step"] for s in release(plan, results).steps if s.verb in ("delete", "forget")]
    assert sorted(map(str, given_back)) == sorted(s.id for s in reached if s.verb in ("create", "generate"))
