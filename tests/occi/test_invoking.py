"""Actions: which may be done in which state, and what a request for one must say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.occi import invoking, lifecycle
from broker.occi.errors import Malformed, OcciError, Unfit, Unknown
from broker.occi.lifecycle import CYCLES
from broker.occi.model import CORDS, INFRASTRUCTURE, Entity, Invocation
from broker.occi.registry import Registry

MACHINE = "http://schemas.ogf.org/occi/infrastructure/compute/action#"


def in_state(compute: Entity, state: str) -> Entity:
    return replace(compute, attributes={"occi.compute.state": state})


@pytest.mark.occi("INF-02")
@pytest.mark.parametrize(
    ("state", "terms"),
    [
        ("inactive", ["start"]),
        ("active", ["stop", "restart", "suspend", "save"]),
        ("suspended", ["start"]),
        ("error", []),
    ],
)
def test_inf_02_a_machines_state_says_what_can_be_done(
    cloud: Registry, compute: Entity, state: str, terms: list[str]
) -> None:
    assert [each.term for each in lifecycle.applicable(cloud, in_state(compute, state))] == terms


@pytest.mark.parametrize(
    ("state", "offered", "refused"),
    [
        ("pending", {"cancel"}, "start"),
        ("deploying", {"cancel"}, "stop"),
        ("active", {"start", "stop", "restart", "suspend", "save", "invoke", "release"}, "cancel"),
        ("stopped", {"start", "save", "release"}, "stop"),
        ("suspended", {"start", "save", "release"}, "restart"),
        ("failed", {"retry", "start", "release"}, "save"),
        ("releasing", set(), "release"),
        ("released", set(), "retry"),
    ],
)
def test_a_services_state_says_what_can_be_done(service: Registry, state: str, offered: set[str], refused: str) -> None:
    entity = Entity(f"{CORDS}service", "1", attributes={"org.accords.state": state})
    assert {each.term for each in lifecycle.applicable(service, entity)} == offered
    with pytest.raises(Unfit, match=f'{refused} is not applicable to 1 in state "{state}"'):
        invoking.check(service, entity, refused, Invocation(None))


def test_every_action_of_a_life_cycle_is_defined_by_its_kind(cloud: Registry, service: Registry) -> None:
    for name, cycle in CYCLES.items():
        registry = cloud if name in cloud.kinds else service
        terms = {each.term for each in registry.actions_of(name).values()}
        assert {term for edges in cycle.edges.values() for term in edges} <= terms
        assert cycle.attribute in registry.definitions(name)


def test_every_state_of_ogf_life_cycles_is_a_value_of_its_attribute(cloud: Registry) -> None:
    for name, cycle in CYCLES.items():
        if name.startswith(INFRASTRUCTURE):
            states = set(cloud.definitions(name)[cycle.attribute].values)
            assert {cycle.initial, *cycle.edges} <= states
            assert {after for edges in cycle.edges.values() for after in edges.values()} <= states


@pytest.mark.occi("ACT-01")
def test_act_01_an_action_comes_with_its_parameters(cloud: Registry, compute: Entity) -> None:
    asked = Invocation(f"{MACHINE}stop", {"method": "acpioff"})
    action, parameters = invoking.check(cloud, in_state(compute, "active"), "stop", asked)
    assert (action.id, parameters) == (f"{MACHINE}stop", {"method": "acpioff"})


def test_an_action_may_be_named_in_the_url_alone(service: Registry) -> None:
    entity = Entity(f"{CORDS}service", "1", attributes={"org.accords.state": "active"})
    action, parameters = invoking.check(service, entity, "release", Invocation(None))
    assert (action.id, parameters) == ("http://schemas.accords.org/occi/service/action#release", {"volumes": False})


def test_an_action_without_a_table_is_forbidden_by_no_state(service: Registry) -> None:
    entity = Entity(f"{CORDS}service", "1", attributes={"org.accords.state": "active"})
    action, _ = invoking.check(service, entity, "scaleup", Invocation(None))
    assert lifecycle.after(entity, action) is None


def test_the_table_says_where_an_action_leads(cloud: Registry, compute: Entity) -> None:
    assert lifecycle.after(in_state(compute, "active"), cloud.action(f"{MACHINE}suspend")) == "suspended"


@pytest.mark.occi("ACT-04", "CORE-32")
@pytest.mark.parametrize(
    ("term", "asked", "error"),
    [
        ("stop", Invocation(f"{MACHINE}start"), Malformed),
        ("fly", Invocation(f"{MACHINE}fly"), Unknown),
        ("fly", Invocation(None), Unknown),
        ("up", Invocation("http://schemas.ogf.org/occi/infrastructure/network/action#up"), Malformed),
        ("stop", Invocation(f"{MACHINE}stop", {"method": "gently"}), Malformed),
        ("stop", Invocation(f"{MACHINE}stop", {"speed": "high"}), Malformed),
        ("start", Invocation(f"{MACHINE}start"), Unfit),
    ],
)
def test_act_04_what_cannot_be_done_is_refused_by_its_reason(
    cloud: Registry, compute: Entity, term: str, asked: Invocation, error: type[OcciError]
) -> None:
    with pytest.raises(error):
        invoking.check(cloud, in_state(compute, "active"), term, asked)
